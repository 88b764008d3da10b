"""The word lists, as they are used: small letters, no accents, what is a name first in no list of words."""

from __future__ import annotations

from gateway.words import Kind, read_words


def test_every_word_is_as_it_is_looked_up() -> None:
    assert [word for word in read_words().kinds if not (word.isascii() and word == word.lower() and word.isalnum())] == []


def test_a_word_is_of_every_list_that_has_it() -> None:
    kinds = read_words().kinds
    assert kinds["grace"] & Kind.ENGLISH
    assert kinds["grace"] & Kind.GIVEN
    assert not kinds["john"] & Kind.ENGLISH
    assert kinds["young"] & Kind.FREQUENT_FAMILY
    assert not kinds["teacher"] & (Kind.GIVEN | Kind.FAMILY)
    assert kinds["english"] & Kind.EVERYDAY


def test_nicknames_go_both_ways() -> None:
    words = read_words()
    assert "bill" in words.other_forms("william")
    assert "william" in words.other_forms("bill")
    assert words.other_forms("nobody") == frozenset()
