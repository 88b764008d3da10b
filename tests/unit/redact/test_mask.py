"""A mask leaves four characters or one letter, and never the whole."""

from __future__ import annotations

import pytest

from gateway.redact.mask import mask


@pytest.mark.parametrize(
    ("text", "left"), [("555-0123", "***0123"), ("12345", "***2345"), ("0123", "***"), ("1", "***"), ("", "***")]
)
def test_last_four_never_shows_a_text_of_four_or_fewer(text: str, left: str) -> None:
    assert mask(text, "last_four") == left


@pytest.mark.parametrize(("text", "left"), [("maria", "M."), ("E\u0301mile", "É."), ("  Ana", "A."), ("", ""), ("   ", "")])
def test_initial_is_one_letter_with_its_accent(text: str, left: str) -> None:
    assert mask(text, "initial") == left
