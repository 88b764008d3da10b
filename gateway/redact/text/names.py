"""Names: which single words of a text call somebody, known from the records or not. What it cannot tell, it says.

A name that nobody knows is any word that is not ordinary English, and an English word where it stands like a name. A guess costs a
word; a miss costs a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from enum import Enum

from gateway.redact.text.fold import Folded
from gateway.redact.text.known import PARTICLES, KnownPeople, without_a_letter
from gateway.redact.text.split import Split, Word
from gateway.words import Kind, Words

NOTHING = 0
TITLES = frozenset("""mr mrs ms miss mx dr prof professor coach sr sra srta senor senora maestra maestro sir madam mme""".split())
_ROLES = frozenset(
    """mentor mentors teacher teachers supervisor professor instructor advisor adviser principal coach student pupil
    friend colleague aide para director coordinator partner neighbor roommate classmate boss kid boy girl son
    daughter brother sister child named called with thank thanks thankyou love""".split()
)
"""Behind these a name is expected, so that a word which is also a name is one until somebody looks."""
_FUNCTION = frozenset(
    """a an and are as at be been but by can could did do does for from had has have he her here him his how i if in
    into is it its just like may me might more most much must my no nor not of off on once one only or other
    our out over own per rather same see she should since so some such than that the their them then there
    these they this those to too under until up us very was we were what when where which while who whom whose
    why will with would yes yet you your""".split()
)
"""Words so common that they are a name only beside another or behind a title."""
_VERBS = frozenset(
    """is was has had did does who would could can should might made gave taught let went came knew said told kept
    took got helped always never really also often truly definitely and""".split()
)
"""What follows a name that begins a sentence more often than it follows the word that the name also is."""
_NAMING = re.compile(
    r"\b(?:name is|name was|names are|name's|named|called (?:me|him|her)|known as|goes by|signed|sincerely|regards|cheers),? $"
)
_SLIP = 6
"""From so many letters on, a word with one letter wrong is a slip of an ordinary word and not somebody's name."""
_SPELLED = 3


class Verdict(Enum):
    NAME = "name"
    """Somebody's name, or taken for one at no cost but a word."""
    UNSURE = "unsure"
    """Perhaps a name: nobody sees the text until somebody looked at it."""


class NameFinder:
    """Judges the words of one text; `taken` are the words that were found to be something already."""

    def __init__(self, folded: Folded, text: Split, known: KnownPeople, words: Words, taken: Collection[int]) -> None:
        self._folded = folded
        self._words: Sequence[Word] = text.words
        self._telling = text.telling
        self._known = known
        self._kinds = words.kinds
        self._taken = taken

    def find(self) -> Iterator[tuple[int, Verdict]]:
        """The place of each word that is or may be a name."""
        kinds, known, telling = self._kinds, self._known.words, self._telling
        for at, word in enumerate(self._words):
            if at in self._taken:
                continue
            ordinary = kinds.get(word.text, NOTHING) & Kind.ENGLISH
            if ordinary and word.written == "small" and telling and at and not self._expects_a_name(at):
                continue
            verdict = self._verdict(at, word, kinds.get(word.text, NOTHING), known.get(word.text, NOTHING))
            if verdict is not None:
                yield at, verdict
        yield from self._spelled_out()

    def _expects_a_name(self, at: int) -> bool:
        """Whether what stands before a word calls for a name."""
        before = self._words[at - 1].text
        return before in TITLES or before in _ROLES or before in {"is", "are", "as", "by", "me", "her", "him", "signed", "regards"}

    def _verdict(self, at: int, word: Word, kind: int, known: int) -> Verdict | None:
        if not word.latin:
            return Verdict.UNSURE if any(map(str.isalpha, word.text)) else None
        if word.text.isdigit() or len(word.text) == 1:
            return None
        if self._is_introduced(at, word, kind):
            return Verdict.NAME
        if not kind & Kind.ENGLISH:
            return self._foreign(word, kind, known)
        if self._telling and word.written != "small":
            return self._capitalised(at, word, kind, known)
        return self._small(at, word, kind, known)

    def _is_introduced(self, at: int, word: Word, kind: int) -> bool:
        """Behind a title, or behind `my name is`."""
        if at and self._words[at - 1].text in TITLES and self._words[at - 1].end + 3 > word.start and word.text not in _FUNCTION:
            return word.written != "small" or not kind & Kind.ENGLISH or self._words[at - 1].text in {"mr", "mrs", "ms", "mx"}
        if word.text in _FUNCTION and word.written == "small":
            return False
        return bool(_NAMING.search(self._folded.text, max(0, word.start - 24), word.start))

    def _foreign(self, word: Word, kind: int, known: int) -> Verdict | None:
        """A word that is no English."""
        if word.text in PARTICLES and word.written == "small":
            return None
        if known or kind & (Kind.GIVEN | Kind.FAMILY) or self._known.is_near(word.text):
            return Verdict.NAME
        if any(map(str.isdigit, word.text)):
            return None
        capital = self._telling and word.written != "small"
        if capital and word.written == "capitals" and len(word.text) < _SLIP:
            return None
        if len(word.text) >= _SLIP and (word.begins or not capital) and self._is_a_slip(word.text):
            return None
        return Verdict.NAME if capital else Verdict.UNSURE

    def _is_a_slip(self, text: str) -> bool:
        return any(self._kinds.get(left, NOTHING) & Kind.ENGLISH for left in self._one_letter_away(text))

    def _one_letter_away(self, text: str) -> Iterator[str]:
        yield from without_a_letter(text)
        for at in range(len(text)):
            if at + 1 < len(text):
                yield text[:at] + text[at + 1] + text[at] + text[at + 2 :]
            for letter in "abcdefghijklmnopqrstuvwxyz":
                yield text[:at] + letter + text[at + 1 :]
                yield text[:at] + letter + text[at:]

    def _capitalised(self, at: int, word: Word, kind: int, known: int) -> Verdict | None:
        """An English word with a capital, where capitals mean something."""
        if kind & Kind.EVERYDAY and not (known & Kind.GIVEN and not word.begins and self._is_a_first_name(kind)):
            return None
        called = known or kind & (Kind.GIVEN | Kind.FREQUENT_FAMILY)
        if not called:
            return None
        if not word.begins:
            return Verdict.NAME
        if word.possessive or self._behind_comes_a_verb(at):
            return Verdict.NAME if known and word.text not in _FUNCTION else Verdict.UNSURE
        if known & Kind.GIVEN and word.text not in _FUNCTION:
            return Verdict.NAME
        return None

    @staticmethod
    def _is_a_first_name(kind: int) -> bool:
        return bool(kind & Kind.GIVEN)

    def _small(self, at: int, word: Word, kind: int, known: int) -> Verdict | None:
        """An English word in small letters, or where capitals mean nothing: a name where one is expected, else hard to tell."""
        if word.text in _FUNCTION or not (known or kind & Kind.GIVEN):
            return None
        if kind & Kind.EVERYDAY and not kind & Kind.GIVEN:
            return None
        if at and self._words[at - 1].text in _ROLES and self._behind_comes_a_verb(at) and (known | kind) & Kind.GIVEN:
            return Verdict.UNSURE
        if self._telling:
            return None
        return Verdict.UNSURE if known & Kind.GIVEN else None

    def _behind_comes_a_verb(self, at: int) -> bool:
        if at + 1 == len(self._words):
            return True
        after = self._words[at + 1]
        return after.text in _VERBS or (after.text.endswith("ed") and after.written == "small") or after.begins

    def _spelled_out(self) -> Iterator[tuple[int, Verdict]]:
        """`J o h n`: letters one by one hide what they say."""
        run: list[int] = []
        for at, word in enumerate(self._words):
            if len(word.text) == 1 and word.text.isalpha():
                run.append(at)
                continue
            if len(run) >= _SPELLED:
                yield from ((single, Verdict.UNSURE) for single in run)
            run = []
        if len(run) >= _SPELLED:
            yield from ((single, Verdict.UNSURE) for single in run)
