"""Words, how they were written, and whether capitals mean anything."""

from __future__ import annotations

import pytest

from gateway.redact.text.fold import fold
from gateway.redact.text.split import split


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ana's class", ["ana", "class"]),
        ("the Ruizes' plans, and OBrien's", ["the", "ruizes", "plans", "and", "obrien"]),
        ("Ruiz-Ortega_2", ["ruiz", "ortega", "2"]),
        ("don't", ["dont"]),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert [word.text for word in split(fold(text)).words] == words


def test_how_a_word_is_written() -> None:
    words = split(fold("ana Ana ANA McAna iPad 5th 老师 A")).words
    assert [word.written for word in words] == ["small", "capital", "capitals", "mixed", "mixed", "small", "other", "capital"]


def test_where_a_sentence_begins() -> None:
    words = split(fold("Will you? Grace (Ana) said: Hope - Rose\nMay we")).words
    assert [word.text for word in words if word.begins] == ["will", "grace", "ana", "said", "hope", "rose", "may"]


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("It was good.", True),
        ("it was good", False),
        ("IT WAS GOOD AND I LEARNED", False),
        ("It Was Good And I Learned A Lot", False),
        ("I liked math", False),
        ("Ana", True),
    ],
)
def test_capitals_tell_where_they_are_used_as_in_english(text: str, telling: bool) -> None:
    assert split(fold(text)).telling is telling
