"""Pseudonyms are stable inside an agreement, unlinkable across agreements and reversible by the gateway alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.keys.pseudonym import Pseudonyms

OURS = Pseudonyms(bytes(range(32)))
THEIRS = Pseudonyms(bytes(32))
SURROGATES = st.integers(min_value=0, max_value=(1 << 63) - 1)


@given(st.lists(SURROGATES | st.none(), max_size=20))
def test_a_pseudonym_is_32_lower_hexadecimal_characters_and_turns_back(surrogates: list[int | None]) -> None:
    made = OURS.of(surrogates, "candidates")
    assert [None if text is None else OURS.surrogate(text, "candidates") for text in made] == surrogates
    assert all(text is None or (len(text) == 32 and text == text.lower()) for text in made)


@given(SURROGATES)
def test_a_pseudonym_means_nothing_in_another_agreement_or_key_space(surrogate: int) -> None:
    [text] = OURS.of([surrogate], "candidates")
    assert text is not None
    assert THEIRS.surrogate(text, "candidates") is None
    assert OURS.surrogate(text, "staffs") is None
    assert OURS.of([surrogate], "staffs") != [text]
    assert THEIRS.of([surrogate], "candidates") != [text]


@given(st.text(max_size=40))
def test_a_made_up_pseudonym_is_nobody_and_never_an_error(text: str) -> None:
    assert OURS.surrogate(text, "candidates") is None


def test_a_pseudonym_in_capitals_is_another_text() -> None:
    [text] = OURS.of([0x0ABC_DEF0_1234_5678], "candidates")
    assert text is not None
    assert OURS.surrogate(text.upper(), "candidates") is None


@given(st.lists(SURROGATES, max_size=5))
def test_those_of_an_older_key_are_known_and_not_made_any_more(surrogates: list[int]) -> None:
    both = Pseudonyms(bytes(range(1, 33)), [bytes(range(32))])
    known, current = OURS.of(surrogates, "candidates"), both.of(surrogates, "candidates")
    assert set(known).isdisjoint(current)
    for made in (known, current):
        assert [both.surrogate(str(text), "candidates") for text in made] == surrogates
    assert [OURS.surrogate(str(text), "candidates") for text in current] == [None] * len(surrogates)
