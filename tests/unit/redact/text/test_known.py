"""Who is known is found in every form, and nothing of the index can be printed."""

from __future__ import annotations

import pytest

from gateway.domain.people import KnownPerson
from gateway.redact.text import KnownPeople, know
from gateway.words import Words
from tests.unit.redact.text.conftest import Redact

KNOWN = {
    "as it is": "Thanks to Siobhán O’Brien for all of it.",
    "without accents": "Thanks to Siobhan O'Brien for all of it.",
    "small": "thanks to siobhan o'brien for all of it",
    "capitals": "THANKS TO SIOBHAN OBRIEN FOR ALL OF IT",
    "reversed": "Thanks to O'Brien, Siobhan for all of it.",
    "one letter wrong": "Thanks to Siobhan Obrian for all of it.",
    "two letters exchanged": "Thanks to Siobahn for all of it.",
    "one letter too many": "Thanks to Siobhann for all of it.",
    "one letter left out": "Thanks to Siobhn for all of it.",
    "first name alone": "Thanks to Siobhan for all of it.",
    "possessive": "Thanks to Siobhan's for all of it.",
    "look-alikes": "Thanks to Siоbhаn for all of it.",
    "invisible characters": "Thanks to Sio\u200bbh\u00adan for all of it.",
    "a title": "Thanks to Ms. O'Brien for all of it.",
    "initials": "Thanks to S. M. O'Brien for all of it.",
    "a nickname": "Thanks to Bill Young for all of it.",
    "a nickname in small letters": "thanks to bill young for all of it",
    "two words of English": "Thanks to Grace Hope for all of it.",
    "two words of English in small letters": "thanks to grace hope for all of it",
    "particles": "Thanks to Maria de la Cruz for all of it.",
    "another alphabet's letters": "Thanks to Lukasiewicz for all of it.",
    "a login": "Thanks to wyoungq for all of it.",
}


@pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
def test_a_name_is_found(text: str, redact: Redact) -> None:
    found = redact(text)
    token = "number" if "wyoungq" in text else "name"
    assert found.text.casefold().rstrip(".") == f"thanks to [{token}] for all of it"
    assert found.certain


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("It is c 104 or C104 in the list of the office.", "It is [number] or [number] in the list of the office."),
        ("We met at 7 Broadway after the school day was over.", "We met at [address] after the school day was over."),
    ],
)
def test_a_number_and_an_address_are_found(text: str, redacted: str, redact: Redact) -> None:
    assert redact(text).text == redacted


def test_words_that_are_names_too_stay_words(redact: Redact) -> None:
    text = "We will hope for the grace of young people; the students were young, and I hope you will come."
    assert redact(text).text == text


def test_nothing_of_anybody_is_printed(known: KnownPeople) -> None:
    person = KnownPerson((("given", "Siobhán"),))
    assert "Siobh" not in repr(person)
    assert "siobh" not in repr(known).lower()
    assert "ruiz" not in str(known).lower()


def test_nobody_is_an_index_too(words: Words) -> None:
    assert know([], words).count == 0
