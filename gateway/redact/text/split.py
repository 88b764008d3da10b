"""Split: the words of a folded text, how each was written, and whether its capitals mean anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.redact.text.fold import Folded

Written = Literal["small", "capital", "capitals", "mixed", "other"]
"""`ana`, `Ana`, `ANA`, `McAna`; `other`: a number, or a script without capitals."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ENDS_A_SENTENCE = re.compile(r"[.!?:;\n\"()\[\]{}*•/<>|=~]|^\s*-|\s-+\s|-\s*$|--")
_POSSESSIVE = ("'s", "s'")
FEW, MOST_CAPITALS, MOST_TITLES = 8, 0.6, 0.7
_SHORTEST_TITLE = 5


@dataclass(frozen=True, slots=True)
class Word:
    """`text` is folded, without apostrophes and without the ending of a possessive; it stands at `start` to `end` of the folded
    text. `begins`: it begins a sentence; `latin`: all of its letters are."""

    text: str
    start: int
    end: int
    written: Written
    begins: bool
    possessive: bool
    latin: bool


@dataclass(frozen=True)
class Split:
    """`telling`: capitals are used as they are in English, so that a small letter and a capital mean something."""

    words: Sequence[Word]
    telling: bool


def split(folded: Folded) -> Split:
    """The words of a text in order."""
    words: list[Word] = []
    before = 0
    text, source, is_plain = folded.text, folded.source, folded.source.isascii()
    for found in _WORD.finditer(text):
        start, end = found.span()
        first, last = folded.of_source(start, end)
        written = source[first:last]
        begins = before == 0 or (text[before:start] != " " and _ENDS_A_SENTENCE.search(text, before, start) is not None)
        plain, possessive = _stem(text[start:end])
        words.append(Word(plain, start, end, _written(written), begins, possessive, is_plain or plain.isascii()))
        before = end
    return Split(words, _telling(words))


def _stem(word: str) -> tuple[str, bool]:
    if "'" not in word:
        return word, False
    stem = word[: -len("'s")] if word.endswith("'s") else word
    return stem.replace("'", ""), stem is not word


def _written(word: str) -> Written:
    if word.islower():
        return "small"
    if word.isupper():
        return "capitals" if sum(character.isalpha() for character in word) > 1 else "capital"
    if not word[:1].isalpha():
        return "other"
    rest = word[1:].replace("'", "").replace("’", "")
    if word[0].isupper():
        return "capital" if rest.islower() or not rest else "mixed"
    return "mixed" if any(character.isupper() for character in word) else "other"


def _telling(words: Sequence[Word]) -> bool:
    """Not where all is small, all is capitals, or each word has one."""
    own = [word for word in words if word.written != "other" and word.text != "i"]
    big = sum(word.end - word.start for word in own if word.written == "capitals")
    letters = sum(word.end - word.start for word in own)
    if letters >= FEW and big > MOST_CAPITALS * letters:
        return False
    titles = sum(word.written in {"capital", "mixed"} for word in own)
    if len(own) >= _SHORTEST_TITLE and titles > MOST_TITLES * len(own):
        return False
    return titles > 0
