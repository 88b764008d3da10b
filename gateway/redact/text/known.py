"""Know: an index of everybody whom a provider's records name, by which a text is searched in one pass (Aho and Corasick, 1975)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from gateway.domain.people import KnownPerson, Told
from gateway.redact.text.fold import fold
from gateway.redact.text.split import Word, split
from gateway.words import Kind, Words

PARTICLES = frozenset(
    "al bin bint da das de del della den der di die do dos du el ibn la le los mac mc o san st ten ter van von y e".split()
)
"""Parts of names that are no names by themselves; they go with the name that follows."""

STREETS: Mapping[str, str] = {
    "street": "st",
    "avenue": "ave",
    "av": "ave",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "boulevard": "blvd",
    "court": "ct",
    "place": "pl",
    "square": "sq",
    "terrace": "ter",
    "highway": "hwy",
    "parkway": "pkwy",
    "circle": "cir",
    "trail": "trl",
    "apartment": "apt",
    "suite": "ste",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
}
"""Words of addresses and how they are shortened (USPS Publication 28, appendix C)."""

SHORTEST_TYPO, SHORTEST_ID = 5, 4
_LONG_NUMBER = re.compile(r"[0-9]{5,}")
_DIGITS_OF_A_PHONE = 7


@dataclass(frozen=True)
class KnownPeople:
    """`words` are single words of names, each a given name, a family name or both; `near` is what is left of them without one
    letter; `automaton` finds whole names, addresses and numbers among the words of a text, and `kinds` says what each is."""

    count: int
    words: Mapping[str, int] = field(repr=False)
    near: frozenset[str] = field(repr=False)
    automaton: AhoCorasick = field(repr=False)
    kinds: Sequence[Told] = field(repr=False)

    def is_near(self, word: str) -> bool:
        """Whether a word is a known name with one letter wrong, left out, too many, or two exchanged."""
        if len(word) < SHORTEST_TYPO - 1:
            return False
        return word in self.near or any(left in self.near or left in self.words for left in without_a_letter(word))


def know(people: Iterable[KnownPerson], words: Words) -> KnownPeople:
    """The index of these people, with the nicknames of their given names."""
    names: dict[str, int] = {}
    phrases: dict[str, Told] = {}
    count = 0
    for person in people:
        count += 1
        given = [parts for told, value in person.told if told == "given" for parts in _given_forms(value, words)]
        family = [_parts(value) for told, value in person.told if told == "family"]
        for told, value in person.told:
            if told == "full":
                parts = _parts(value)
                given += [parts[:1], *([part] for part in words.other_forms(parts[0]))] if parts else []
                family += [parts[1:]] if parts[1:] else []
            elif told not in {"given", "family"}:
                phrases.update(_phrases_of(told, value, words))
        for kind, forms in ((Kind.GIVEN, given), (Kind.FAMILY, family)):
            for part in (part for parts in forms for part in parts if len(part) > 1 and part not in PARTICLES):
                names[part] = names.get(part, 0) | kind
        phrases.update((phrase, "full") for phrase in _whole_names(given, family, words))
    near = frozenset(
        left
        for name in names
        if len(name) >= SHORTEST_TYPO and not words.kinds.get(name, 0) & Kind.ENGLISH
        for left in without_a_letter(name)
    )
    automaton = AhoCorasick(
        list(phrases), matchkind=MatchKind.Standard, store_patterns=False, implementation=Implementation.ContiguousNFA
    )
    return KnownPeople(count, names, near, automaton, tuple(phrases.values()))


def known_in(found: Sequence[Word], known: KnownPeople) -> Iterator[tuple[int, int, Told]]:
    """Whole names, addresses and numbers in the words of a text: first word, the word behind the last, and what it is."""
    parts = [STREETS.get(word.text, word.text) for word in found]
    places = list(accumulate((len(part) + 1 for part in parts), initial=0))
    stream = f" {' '.join(parts)} "
    for phrase, start, end in known.automaton.find_matches_as_indexes(stream, overlapping=True):
        yield bisect_right(places, start) - 1, bisect_right(places, end - 2), known.kinds[phrase]


def without_a_letter(word: str) -> Iterator[str]:
    """Every text that is left when one letter is taken out."""
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _parts(value: str) -> list[str]:
    return [word.text for word in split(fold(value)).words]


def _given_forms(value: str, words: Words) -> Iterator[list[str]]:
    parts = _parts(value)
    if parts:
        yield parts
        for part in parts:
            yield from ([form] for form in words.other_forms(part))


def _whole_names(given: Sequence[Sequence[str]], family: Sequence[Sequence[str]], words: Words) -> Iterator[str]:
    """Given name first or last, where a part is a word too, so that it calls nobody alone. Where all are, only as it is said: `may
    day` is a name of somebody, `day may` none."""
    for first in given:
        for last in family:
            if first and last:
                is_word = [part in PARTICLES or bool(words.kinds.get(part, 0) & Kind.ENGLISH) for part in (*first, *last)]
                if any(is_word):
                    yield _phrase([*first, *last])
                if any(is_word) and not all(is_word):
                    yield _phrase([*last, *first])


def _phrases_of(told: Told, value: str, words: Words) -> Iterator[tuple[str, Told]]:
    """A number, an address, an e-mail as it is written and run together; nothing that is too short to mean anybody, nor what its
    shape gives away wherever it stands (`patterns`)."""
    if "@" in value or _LONG_NUMBER.fullmatch(value) or (told == "phone" and sum(map(str.isdigit, value)) >= _DIGITS_OF_A_PHONE):
        return
    parts = _parts(value)
    run_together = "".join(parts)
    if told == "address":
        # A house number alone is in any text; so is a street's name that is a word.
        if len(parts) > 1 and any(part[:1].isdigit() for part in parts):
            yield _phrase([STREETS.get(part, part) for part in parts]), told
    elif len(run_together) >= SHORTEST_ID and (len(parts) > 1 or not words.kinds.get(run_together, 0) & Kind.ENGLISH):
        yield _phrase(parts), told
        yield _phrase([run_together]), told


def _phrase(parts: Sequence[str]) -> str:
    return f" {' '.join(STREETS.get(part, part) for part in parts)} "
