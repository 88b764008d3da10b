"""Texts with planted identifiers, and how many of them are seen after the redaction: recall and precision by kind.

A **leak** is an identifier of which a letter or digit can still be seen in a text that is shown. A text that is withheld leaks
nothing, and is counted as the price. What is found (`recall`) is counted apart, in shown and withheld texts alike.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from gateway.domain.people import KnownPerson, Told
from gateway.redact.text import KnownPeople, Redacted, know, redact_text
from gateway.words import Words, read_words
from tests.campaigns.free_text_words import (
    ABOUT_BIRTH,
    ABOUT_HOME,
    ABOUT_NOBODY,
    ABOUT_NUMBERS,
    ABOUT_REACHING,
    ABOUT_SOMEBODY,
    KNOWN_FAMILY,
    KNOWN_GIVEN,
    NICKNAMES,
    TITLES,
    UNSEEN_FAMILY,
    UNSEEN_GIVEN,
)

CYRILLIC = str.maketrans("aeopcxy", "аеорсху")
STREETS = ("Elm", "Oak Ridge", "Martin Luther King Jr.", "2nd", "Sycamore", "Old Mill", "Pecan", "San Pedro", "Lakeview")
KINDS_OF_STREET = ("Street", "St.", "Ave", "Avenue", "Blvd", "Drive", "Rd.", "Lane", "Court", "Way")
HOSTS = ("gmail.com", "lakeside.edu", "students.k12.state.us", "yahoo.com", "riverton.org")
MONTHS = ("January", "March", "May", "August", "Sept.", "December")


FLOORS = {"name unseen": 0.98}
LEAST_PRECISION, LEAST_SHOWN = 0.94, 0.95


@dataclass(frozen=True)
class Person:
    """Somebody of the roster, or somebody whom it does not know."""

    given: str
    family: str
    email: str
    phone: str
    street: str
    number: str


@dataclass(frozen=True)
class Labelled:
    """A text, and the part of it that is an identifier of a kind, in some form; no part where there is none."""

    text: str
    kind: str
    form: str
    start: int
    end: int


@dataclass
class Tally:
    """Of one kind: how many were planted, found whole, and seen by the recipient; by form, those that leaked."""

    planted: int = 0
    found: int = 0
    leaked: int = 0
    withheld: int = 0
    leaks: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        return self.found / self.planted

    @property
    def protected(self) -> float:
        return 1 - self.leaked / self.planted


@dataclass
class Measured:
    """By kind; and of all tokens, those that stand for an identifier; of texts about nobody, those shown, and shown untouched."""

    kinds: dict[str, Tally]
    tokens: int
    right_tokens: int
    clean: int
    clean_shown: int
    clean_untouched: int

    @property
    def precision(self) -> float:
        return self.right_tokens / self.tokens


def roster(chance: Random, size: int) -> list[Person]:
    """People with names of the known lists."""
    return [_person(chance, KNOWN_GIVEN, KNOWN_FAMILY, at) for at in range(size)]


def indexed(people: Sequence[Person], words: Words) -> KnownPeople:
    return know((_known(person) for person in people), words)


def _known(person: Person) -> KnownPerson:
    told: tuple[tuple[Told, str], ...] = (
        ("given", person.given),
        ("family", person.family),
        ("e-mail", person.email),
        ("phone", person.phone),
        ("address", person.street),
        ("number", person.number),
    )
    return KnownPerson(told)


def _person(chance: Random, given: Sequence[str], family: Sequence[str], at: int) -> Person:
    first, last = chance.choice(given), chance.choice(family)
    plain = _plain(f"{first}.{last}").lower().replace("'", "").replace(" ", "")
    return Person(
        first,
        last,
        f"{plain}{at % 97}@{chance.choice(HOSTS)}",
        f"{chance.randint(201, 989)}-{chance.randint(200, 999)}-{chance.randint(0, 9999):04}",
        f"{chance.randint(1, 9999)} {chance.choice(STREETS)} {chance.choice(KINDS_OF_STREET)}",
        f"{chance.choice('CSU')}-{at + 100}",
    )


def labelled(chance: Random, people: Sequence[Person], texts: int) -> Iterator[Labelled]:
    """Texts in equal parts of each kind, and as many about nobody."""
    makers: Sequence[Callable[[], Labelled]] = (
        lambda: _about(chance, "name in the roster", _known_form(chance, chance.choice(people)), ABOUT_SOMEBODY),
        lambda: _about(chance, "name in the roster", _known_form(chance, chance.choice(people)), ABOUT_SOMEBODY),
        lambda: _about(chance, "name unseen", _unseen_form(chance), ABOUT_SOMEBODY),
        lambda: _about(chance, "name unseen", _unseen_form(chance), ABOUT_SOMEBODY),
        lambda: _about(chance, "e-mail", _email(chance, chance.choice(people)), ABOUT_REACHING),
        lambda: _about(chance, "phone", _phone(chance), ABOUT_REACHING),
        lambda: _about(chance, "link", _link(chance, chance.choice(people)), ABOUT_REACHING),
        lambda: _about(chance, "number", _number(chance, chance.choice(people)), ABOUT_NUMBERS),
        lambda: _about(chance, "address", _address(chance, chance.choice(people)), ABOUT_HOME),
        lambda: _about(chance, "birth date", _birth(chance), ABOUT_BIRTH),
        lambda: _about_nobody(chance),
        lambda: _about_nobody(chance),
    )
    for at in range(texts):
        yield makers[at % len(makers)]()


def _about(chance: Random, kind: str, said: tuple[str, str], templates: Sequence[str]) -> Labelled:
    """One sentence with an identifier, sometimes among others."""
    form, value = said
    template = chance.choice(templates)
    slot = "{who}" if "{who}" in template else "{what}"
    before, _, behind = template.partition(slot)
    if chance.random() < 0.4:
        before = f"{chance.choice(ABOUT_NOBODY)} {before}"
    if chance.random() < 0.4:
        behind = f"{behind} {chance.choice(ABOUT_NOBODY)}"
    if form.startswith("small"):
        before, behind = before.lower(), behind.lower()
    if form.startswith("capitals"):
        before, behind = before.upper(), behind.upper()
    return Labelled(before + value + behind, kind, form, len(before), len(before) + len(value))


def _about_nobody(chance: Random) -> Labelled:
    sentences = chance.sample(ABOUT_NOBODY, chance.choice([1, 1, 2, 3]))
    return Labelled(" ".join(sentences), "nobody", "", 0, 0)


def _known_form(chance: Random, person: Person) -> tuple[str, str]:
    """A person of the roster as people write names; what a form needs decides whether it can be."""
    first, last = person.given, person.family
    forms = {
        "full": f"{first} {last}",
        "first name": first,
        "title": f"{chance.choice(TITLES)} {last}",
        "reversed": f"{last}, {first}",
        "possessive": f"{first}'s",
        "initial": f"{first[0]}. {last}",
        "no accents": _plain(f"{first} {last}"),
        "small": f"{first} {last}".lower(),
        "small title": f"{chance.choice(TITLES)} {last}".lower(),
        "capitals": f"{first} {last}".upper(),
        "one letter wrong": f"{_slip(chance, first)} {_slip(chance, last)}",
        "look-alikes": f"{first} {last}".translate(CYRILLIC),
        "invisible": "\u200b".join([first[:2], first[2:]]) + f" {last}",
        "decomposed": unicodedata.normalize("NFD", f"{first} {last}"),
        "middle name": f"{first} {chance.choice('ABCDEFGHJKLM')}. {last}",
    }
    if first in NICKNAMES:
        forms["nickname"] = f"{chance.choice(NICKNAMES[first])} {last}"
    form = chance.choice(sorted(forms))
    return form, forms[form]


def _unseen_form(chance: Random) -> tuple[str, str]:
    first, last = chance.choice(UNSEEN_GIVEN), chance.choice(UNSEEN_FAMILY)
    forms = {
        "full": f"{first} {last}",
        "first name": first,
        "title": f"{chance.choice(TITLES)} {last}",
        "possessive": f"{first}'s",
        "small": f"{first} {last}".lower(),
        "small first name": first.lower(),
        "capitals": f"{first} {last}".upper(),
        "no accents": _plain(f"{first} {last}"),
    }
    form = chance.choice(sorted(forms))
    return form, forms[form]


def _slip(chance: Random, name: str) -> str:
    """One letter wrong in a name that is long enough for it, not the first."""
    if len(name) < 5 or not name.isalpha():
        return name
    at = chance.randrange(1, len(name) - 1)
    letter = chance.choice("aeiounrst")
    swapped = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return chance.choice([name[:at] + name[at + 1 :], name[:at] + letter + name[at + 1 :], name[:at] + letter + name[at:], swapped])


def _email(chance: Random, person: Person) -> tuple[str, str]:
    user, _, host = person.email.partition("@")
    forms = {
        "plain": person.email,
        "capitals": person.email.upper(),
        "spaced": f"{user} @ {host}",
        "in words": f"{user} at {host.replace('.', ' dot ')}",
    }
    form = chance.choice(sorted(forms))
    return form.replace("capitals", "upper"), forms[form]


def _phone(chance: Random) -> tuple[str, str]:
    area, office, line = chance.randint(201, 989), chance.randint(200, 999), f"{chance.randint(0, 9999):04}"
    forms = {
        "dashes": f"{area}-{office}-{line}",
        "parentheses": f"({area}) {office}-{line}",
        "dots": f"{area}.{office}.{line}",
        "spaces": f"{area} {office} {line}",
        "run together": f"{area}{office}{line}",
        "with country": f"+1 {area} {office} {line}",
        "seven digits": f"{office}-{line}",
        "extension": f"{area}-{office}-{line} ext. {chance.randint(10, 999)}",
        "wide digits": f"{area}-{office}-{line}".translate(str.maketrans("0123456789-", "０１２３４５６７８９－")),
    }
    form = chance.choice(sorted(forms))
    return form, forms[form]


def _link(chance: Random, person: Person) -> tuple[str, str]:
    user = _plain(person.given).lower().replace("-", "_").replace("'", "")
    forms = {
        "site": f"https://www.linkedin.com/in/{user}-{chance.randint(10, 99)}",
        "no scheme": f"www.{user}teaches.com",
        "handle": f"@{user}_{chance.randint(10, 99)}",
        "named": f"insta: {user}.teaches",
    }
    form = chance.choice(sorted(forms))
    return form, forms[form]


def _number(chance: Random, person: Person) -> tuple[str, str]:
    ssn = f"{chance.randint(100, 772)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"
    forms = {
        "ssn": ssn,
        "ssn without dashes": ssn.replace("-", ""),
        "ssn crossed out": f"XXX-XX-{ssn[-4:]}",
        "own id": person.number,
        "own id run together": person.number.replace("-", ""),
        "own id spaced": person.number.replace("-", " ") if len(person.number) > 5 else person.number,
        "badge": f"badge number {chance.randint(1000, 99999)}",
        "letters and digits": f"U{chance.randint(1000000, 9999999)}",
    }
    form = chance.choice(sorted(forms))
    return form, forms[form]


def _address(chance: Random, person: Person) -> tuple[str, str]:
    forms = {
        "own": person.street,
        "other": f"{chance.randint(1, 9999)} {chance.choice(STREETS)} {chance.choice(KINDS_OF_STREET)}",
        "with unit": f"{person.street}, Apt {chance.randint(1, 40)}",
        "small": person.street.lower(),
        "post box": f"P.O. Box {chance.randint(10, 9999)}",
    }
    form = chance.choice(sorted(forms))
    return form, forms[form]


def _birth(chance: Random) -> tuple[str, str]:
    day, month, year = chance.randint(1, 28), chance.randint(1, 12), chance.randint(1960, 2005)
    name = chance.choice(MONTHS)
    forms = {
        "slashes": f"{month}/{day}/{year}",
        "short year": f"{month}/{day}/{year % 100:02}",
        "iso": f"{year}-{month:02}-{day:02}",
        "in words": f"{name} {day}, {year}",
        "day first": f"{day} {name} {year}",
    }
    form = chance.choice(sorted(forms))
    return form, forms[form]


def _plain(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFD", text) if unicodedata.category(one) != "Mn")


def measure(texts: Iterable[Labelled], known: KnownPeople, words: Words | None = None) -> Measured:
    """What the redaction makes of labelled texts."""
    listed = words or read_words()
    measured = Measured({}, 0, 0, 0, 0, 0)
    for one in texts:
        found = redact_text(one.text, known, listed)
        _count_tokens(measured, one, found)
        if one.kind == "nobody":
            measured.clean += 1
            measured.clean_shown += found.certain
            measured.clean_untouched += found.certain and found.text == one.text
            continue
        tally = measured.kinds.setdefault(one.kind, Tally())
        covered = _is_covered(one, found)
        tally.planted += 1
        tally.found += covered
        tally.withheld += not found.certain
        if found.certain and not covered:
            tally.leaked += 1
            tally.leaks[one.form] += 1
    return measured


def _is_covered(one: Labelled, found: Redacted) -> bool:
    """Whether no letter or digit of the identifier is left."""
    left = (
        at
        for at in range(one.start, one.end)
        if one.text[at].isalnum() and not any(start <= at < end for start, end, _ in found.spans)
    )
    return next(left, None) is None


def _count_tokens(measured: Measured, one: Labelled, found: Redacted) -> None:
    for start, end, _ in found.spans:
        measured.tokens += 1
        measured.right_tokens += start < one.end and end > one.start


def shortfalls(measured: Measured) -> list[str]:
    """Where a measure is below what is promised: of a hundred names that no record knows two may be seen, of all else one; of texts
    about nobody nineteen in twenty are shown."""
    found = [kind for kind, tally in measured.kinds.items() if tally.protected < FLOORS.get(kind, 0.99)]
    if measured.precision < LEAST_PRECISION:
        found.append("precision")
    if measured.clean_shown < LEAST_SHOWN * measured.clean:
        found.append("shown")
    return found


def summary(measured: Measured) -> Mapping[str, object]:
    """The figures as they are recorded."""
    return {
        "kinds": {
            kind: {
                "planted": tally.planted,
                "recall": round(tally.recall, 4),
                "protected": round(tally.protected, 4),
                "withheld": round(tally.withheld / tally.planted, 4),
                "leaks": dict(tally.leaks.most_common()),
            }
            for kind, tally in sorted(measured.kinds.items())
        },
        "precision": round(measured.precision, 4),
        "texts_about_nobody": measured.clean,
        "shown": round(measured.clean_shown / measured.clean, 4),
        "untouched": round(measured.clean_untouched / measured.clean, 4),
    }
