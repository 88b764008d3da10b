"""A few people whom a provider knows, and what is taken out of a text when they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.domain.people import KnownPerson
from gateway.redact.text import KnownPeople, Redacted, know, redact_text
from gateway.words import Words, read_words

Redact = Callable[[str], Redacted]


@pytest.fixture(scope="session")
def words() -> Words:
    return read_words()


@pytest.fixture(scope="session")
def known(words: Words) -> KnownPeople:
    """Ana and William of the README, and some whose names are hard."""
    return know(
        [
            KnownPerson((("given", "Ana"), ("family", "Ruiz-Ortega"), ("number", "C-104"))),
            KnownPerson((("given", "William"), ("family", "Young"), ("address", "7 Broadway"), ("number", "wyoungq"))),
            KnownPerson((("given", "Siobhán"), ("family", "O’Brien"), ("e-mail", "s.obrien@lakeside.example"))),
            KnownPerson((("given", "Grace"), ("family", "Hope"), ("phone", "312-555-0199"))),
            KnownPerson((("full", "María de la Cruz"),)),
            KnownPerson((("given", "Zbigniew"), ("family", "Łukasiewicz"))),
        ],
        words,
    )


@pytest.fixture(scope="session")
def redact(known: KnownPeople, words: Words) -> Redact:
    return lambda text: redact_text(text, known, words)
