"""Word lists: what is ordinary English, and what people are called. They judge texts that name people nobody knows.

The lists stand beside this module; README.md there says whose they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from nicknames import NickNamer

FREQUENT, USUAL = 1_000, 10_000
"""So many of the most frequent family names count as names also where they are English words: anywhere, and beside a name."""


class Kind:
    """What a word can be, as bits of one number: each word of each text is looked up, so it must cost nothing."""

    ENGLISH: Final = 1
    GIVEN: Final = 2
    FAMILY: Final = 4
    FREQUENT_FAMILY: Final = 8
    USUAL_FAMILY: Final = 16
    EVERYDAY: Final = 32
    """Names nobody, capitalised or not: a month, a language, a program, an abbreviation of schools."""


@dataclass(frozen=True)
class Words:
    """`kinds` has every word of the lists, in small letters without accents or apostrophes; `nicknames` are what a given name is
    called by too, and what it is short for."""

    kinds: Mapping[str, int]
    nicknames: Mapping[str, frozenset[str]]

    def other_forms(self, given: str) -> frozenset[str]:
        return self.nicknames.get(given, frozenset())


@cache
def read_words() -> Words:
    """The lists that ship; read once in a process."""
    kinds: defaultdict[str, int] = defaultdict(int)
    for word in _lines("english.txt"):
        kinds[word] |= Kind.ENGLISH
    for word in _lines("given.txt"):
        kinds[word] |= Kind.GIVEN
    for rank, word in enumerate(_lines("family.txt")):
        often = Kind.FREQUENT_FAMILY if rank < FREQUENT else 0
        kinds[word] |= Kind.FAMILY | often | (Kind.USUAL_FAMILY if rank < USUAL else 0)
    for line in _lines("everyday.txt"):
        for word in () if line.startswith("#") else line.split():
            for part in word.replace(".", "").split("-"):
                kinds[part] |= Kind.EVERYDAY | Kind.ENGLISH
    nicknames = _nicknames()
    for given in nicknames:
        # What is a word first (ruby, art) is a name only where the lists or the records say so.
        kinds[given] |= 0 if kinds.get(given, 0) & Kind.ENGLISH else Kind.GIVEN
    return Words(dict(kinds), nicknames)


def _lines(name: str) -> list[str]:
    return (files(__package__) / name).read_text(encoding="utf-8").splitlines()


def _nicknames() -> Mapping[str, frozenset[str]]:
    """Both ways: a Bob can be a Robert in the records, and the other way round."""
    forms: defaultdict[str, set[str]] = defaultdict(set)
    for name, nicknames in NickNamer.default_lookup().items():
        for nickname in nicknames:
            forms[name].add(nickname)
            forms[nickname].add(name)
    return {name: frozenset(found) for name, found in forms.items() if name.isalpha()}
