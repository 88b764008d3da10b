"""Fold: a text as it is compared, so that accents, capitals, look-alikes and invisible marks hide nothing; and the way back."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_LOOK_ALIKES = str.maketrans(
    # Cyrillic and Greek letters that are drawn as Latin ones, letters without a decomposition, and what stands for ' - and space.
    "АВЕЅІЈКМНОРСТУХԚԜаеорсухѕіјһԁԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανιΙ" + "łŁøØđĐıħŧ" + "’‘ʼ＇`´ʹ′‛" + "‐‑‒–—―−﹣－" + "\t\u00a0\u2028\u2029",
    "ABESIJKMHOPCTYXQWaeopcyxsijhdqw" + "ABEZHIKMNOPTYXoaviI" + "lLoOdDiht" + "'''''''''" + "---------" + "  \n\n",
)
_SPELLED_OUT = {"æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
_DROPPED = frozenset({"Mn", "Me", "Cf"})


@dataclass(frozen=True)
class Folded:
    """`text` in small letters without marks; `starts[i]` and `ends[i]` say which part of `source` its i-th character stands for.
    What was dropped belongs to the character before it."""

    source: str
    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def of_source(self, start: int, end: int) -> tuple[int, int]:
        """The span of the source that a span of the folded text stands for."""
        return self.starts[start], self.ends[end - 1]


def fold(source: str) -> Folded:
    """The folded text of a source (Unicode Annex 15, compatibility decomposition; then without marks, in small letters)."""
    if source.isascii():
        places = range(len(source))
        return Folded(source, source.lower().replace("`", "'").replace("\t", " "), places, range(1, len(source) + 1))
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, character in enumerate(source):
        plain = _plain(character)
        if plain:
            text.append(plain)
            starts += [at] * len(plain)
            ends += [at + 1] * len(plain)
        elif ends:
            ends[-1] = at + 1
    return Folded(source, "".join(text), starts, ends)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character.translate(_LOOK_ALIKES)).translate(_LOOK_ALIKES)
    small = unicodedata.normalize("NFKD", decomposed.casefold()).translate(_LOOK_ALIKES)
    return "".join(_SPELLED_OUT.get(one, _digit(one)) for one in small if unicodedata.category(one) not in _DROPPED)


def _digit(character: str) -> str:
    value = unicodedata.digit(character, None)
    return character if value is None else str(value)
