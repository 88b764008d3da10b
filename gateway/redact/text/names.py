"""Names: which single words of a text call somebody, known from the records or not. What it cannot tell, it says.

A name that nobody knows is any word that is not ordinary English, and an English word where it stands like a name. A guess costs a
word; a miss costs a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum

from gateway.redact.text.fold import Folded
from gateway.redact.text.known import PARTICLES, KnownPeople
from gateway.redact.text.split import Split, Word
from gateway.words import Kind, Words

NOTHING = 0
TITLES = frozenset("""mr mrs ms miss mx dr prof professor coach sr sra srta senor senora maestra maestro sir madam mme""".split())
_TITLES_ONLY = frozenset({"mr", "mrs", "ms", "mx"})
"""Titles that are no words beside."""
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
_WORDS_FIRST = frozenset(
    """august autumn bill chance chase dawn drew earnest foster frank grant harmony hope joy liberty mark may patience rich rocky
    rose star sterling summer sunny will""".split()
)
"""Given names that are so often words that in a text without capitals they are taken for words, where nobody known has them."""
_SLIP = 6
"""From so many letters on, a word with one letter wrong is a slip of an ordinary word and not somebody's name."""
_SEASONS = frozenset("april august autumn jan june may summer".split())
_TIMES = frozenset("in by since until till from through to last next this early late mid during before after every of".split())
"""Behind these a month or a season is one and nobody's name."""
_SPELLED = 3
_LETTERS, _VOWELS = "abcdefghijklmnopqrstuvwxyz", "aeiou"
_NO_NAME_BEFORE = frozenset("you this that the we it to there i they my our your for a an of in on more all".split())
"""A word before these is no name: `Hope you like it`, `May I`, `Will there be`."""


class Verdict(Enum):
    NAME = "name"
    """Somebody's name, or taken for one at no cost but a word."""
    UNSURE = "unsure"
    """Perhaps a name: nobody sees the text until somebody looked at it."""


class NameFinder:
    """Judges the words of one text; `taken` are the words that were found to be something already."""

    def __init__(
        self, folded: Folded, text: Split, known: KnownPeople, words: Words, taken: Collection[int], names: Collection[int]
    ) -> None:
        self._folded = folded
        self._words: Sequence[Word] = text.words
        self._telling = text.telling
        self._known = known
        self._kinds = words.kinds
        self._taken = taken
        self._names = names

    def find(self) -> Mapping[int, Verdict]:
        """The place of each word that is or may be a name."""
        found = dict(self._alone())
        found.update(self._spelled_out())
        if found or self._names:
            self._beside(found)
        return found

    def _alone(self) -> Iterator[tuple[int, Verdict]]:
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

    def _beside(self, found: dict[int, Verdict]) -> None:
        """What stands beside a name is a part of it where it can be one: `Grace Nkechi`, `nkechi hunter`, `Hyun-woo`."""
        names = {*self._names, *found}
        for step in (1, -1):
            for at in range(len(self._words))[::step]:
                if at not in names and at not in self._taken and at - step in names and self._is_a_part(at, at - step):
                    found[at] = Verdict.NAME
                    names.add(at)

    def _is_a_part(self, at: int, beside: int) -> bool:
        word, name = self._words[at], self._words[beside]
        first, second = (name, word) if beside < at else (word, name)
        gap = self._folded.text[first.end : second.start]
        if gap == "-":
            return True
        kind, known = self._kinds.get(word.text, NOTHING), self._known.words.get(word.text, NOTHING)
        if gap == ", ":
            return bool(known) and self._telling and "small" not in {word.written, name.written}
        if gap != " " and not (gap == ". " and (len(first.text) == 1 or first.text in TITLES)):
            return False
        if len(word.text) == 1:
            return word.written == "capital" and word.text != "i"
        if word.text in _FUNCTION:
            return False
        if kind & Kind.EVERYDAY and not known and not kind & (Kind.GIVEN | Kind.USUAL_FAMILY):
            return False
        if self._telling and word.written != "small":
            return True
        if self._telling and name.written != "small":
            return False
        return bool(known or kind & (Kind.GIVEN | Kind.USUAL_FAMILY))

    def _expects_a_name(self, at: int) -> bool:
        """Whether what stands before a word calls for a name."""
        before = self._words[at - 1].text
        return before in TITLES or before in _ROLES or before in {"is", "are", "as", "by", "me", "her", "him", "signed", "regards"}

    def _verdict(self, at: int, word: Word, kind: int, known: int) -> Verdict | None:
        if not word.latin:
            return Verdict.UNSURE if any(map(str.isalpha, word.text)) else None
        if word.text.isdigit() or len(word.text) == 1:
            return None
        if self._is_introduced(at, word, kind, known):
            return Verdict.NAME
        if not kind & Kind.ENGLISH:
            return self._foreign(word, kind, known)
        if self._telling and word.written != "small":
            return self._capitalised(at, word, kind, known)
        return self._small(at, word, kind, known)

    def _is_introduced(self, at: int, word: Word, kind: int, known: int) -> bool:
        """Behind a title, behind an initial, or behind `my name is`."""
        called = bool(known or kind & (Kind.GIVEN | Kind.FAMILY))
        before = self._words[at - 1] if at else None
        if before is not None and before.text in TITLES and before.end + 3 > word.start:
            if self._telling and "small" not in {word.written, before.written}:
                return True
            if word.text not in _FUNCTION:
                return word.written != "small" or called or not kind & Kind.ENGLISH or before.text in _TITLES_ONLY
        if word.text in _FUNCTION and word.written == "small":
            return False
        if called and word.written != "small" and at and self._is_an_initial(at - 1, word):
            return True
        return bool(_NAMING.search(self._folded.text, max(0, word.start - 24), word.start))

    def _is_an_initial(self, at: int, behind: Word) -> bool:
        word = self._words[at]
        return len(word.text) == 1 and word.written == "capital" and self._folded.text[word.end : behind.start] == ". "

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
        return any(self._kinds.get(left, NOTHING) & Kind.ENGLISH for left in self._slips(text))

    @staticmethod
    def _slips(text: str) -> Iterator[str]:
        """What somebody meant who left a letter out, doubled one, exchanged two or took another vowel. No more: the more slips, the
        more names are one of some word."""
        for at in range(1, len(text)):
            if text[at] == text[at - 1]:
                yield text[:at] + text[at + 1 :]
            yield text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
            yield from (text[:at] + letter + text[at:] for letter in _LETTERS)
            if text[at] in _VOWELS:
                yield from (text[:at] + vowel + text[at + 1 :] for vowel in _VOWELS)

    def _capitalised(self, at: int, word: Word, kind: int, known: int) -> Verdict | None:
        """An English word with a capital, where capitals mean something."""
        called = known or kind & (Kind.GIVEN | Kind.FREQUENT_FAMILY)
        if not word.begins:
            return Verdict.NAME if self._stands_like_a_name(at, word, kind, known) else None
        if not called or (kind & Kind.EVERYDAY and not kind & Kind.GIVEN):
            return None
        if at + 1 < len(self._words) and self._words[at + 1].text in _NO_NAME_BEFORE and not word.possessive:
            return None
        if word.possessive or self._behind_comes_a_verb(at):
            return Verdict.NAME if known and word.text not in _FUNCTION else Verdict.UNSURE
        if known & Kind.GIVEN and word.text not in _FUNCTION:
            return Verdict.NAME
        return None

    def _stands_like_a_name(self, at: int, word: Word, kind: int, known: int) -> bool:
        """Whether an English word with a capital inside a sentence calls somebody: any that has it for no other reason."""
        if kind & Kind.EVERYDAY:
            if not (known | kind) & Kind.GIVEN:
                return False
            return word.text not in _SEASONS or self._words[at - 1].text not in _TIMES
        called = known or kind & (Kind.GIVEN | Kind.FREQUENT_FAMILY)
        return bool(called) or (word.written == "capital" and word.text not in _FUNCTION)

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
        called = known & Kind.GIVEN or (kind & Kind.GIVEN and word.text not in _WORDS_FIRST)
        return Verdict.UNSURE if called else None

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
