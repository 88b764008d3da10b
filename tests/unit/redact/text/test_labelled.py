"""A sample of the labelled texts: what is planted in them is not seen; `python -m tests.soak text` runs the whole."""

from __future__ import annotations

from random import Random

from gateway.redact.text import know
from gateway.words import Words, read_words
from tests.campaigns.free_text import indexed, labelled, measure, roster, shortfalls, summary
from tests.campaigns.free_text_words import KNOWN_FAMILY, KNOWN_GIVEN, UNSEEN_FAMILY, UNSEEN_GIVEN

SEED, PEOPLE, TEXTS = 20_261_124, 1_000, 2_400
OTHER_KINDS = {"e-mail", "phone", "link", "number", "address", "birth date"}


def test_what_is_planted_is_not_seen() -> None:
    chance = Random(SEED)
    people = roster(chance, PEOPLE)
    measured = measure(labelled(chance, people, TEXTS), indexed(people, read_words()))
    assert measured.kinds.keys() == {"name in the roster", "name unseen", *OTHER_KINDS}
    assert shortfalls(measured) == [], summary(measured)


def test_names_in_the_records_are_found_by_the_records(words: Words) -> None:
    """Without them, the word lists alone find fewer, and withhold more."""
    chance = Random(SEED)
    people = roster(chance, PEOPLE)
    texts = [one for one in labelled(chance, people, TEXTS) if one.kind == "name in the roster"]
    with_records = measure(texts, indexed(people, words)).kinds["name in the roster"]
    without = measure(texts, know([], words)).kinds["name in the roster"]
    assert with_records.recall >= 0.99
    assert without.recall < with_records.recall
    assert without.withheld > 2 * with_records.withheld


def test_a_redaction_that_knows_nothing_is_found_out() -> None:
    chance = Random(SEED)
    people = roster(chance, PEOPLE)
    nothing = Words(dict.fromkeys(read_words().kinds, 1), {})
    measured = measure(labelled(chance, people, TEXTS), know([], nothing), nothing)
    assert {"name in the roster", "name unseen"} <= set(shortfalls(measured))


def test_the_names_are_none_that_were_copied_from_the_lists() -> None:
    """Of the names that no record knows, many are in no list either."""
    unseen = {name.lower() for name in (*UNSEEN_GIVEN, *UNSEEN_FAMILY)}
    assert unseen & {name.lower() for name in (*KNOWN_GIVEN, *KNOWN_FAMILY)} == set()
    assert sum(name not in read_words().kinds for name in unseen) > len(unseen) / 3
