"""Say how well the texts of a source fit the catalog, and which element a column may be (pure): what a person who writes a
source file wants to see before the first sync. It speaks of counts and rules, never of a text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from gateway.catalog.model import Element, Resource
from gateway.domain.identifiers import ElementPath
from gateway.domain.records import RawRecord
from gateway.normalise import misfit

LEAST_LIKE = 0.74
"""Names less alike than this are no proposal: a wrong one costs more than none."""
SAID_OTHERWISE: Mapping[str, str] = {
    "dob": "birthDate",
    "birthdate": "birthDate",
    "dateofbirth": "birthDate",
    "born": "birthDate",
    "fname": "firstName",
    "givenname": "firstName",
    "first": "firstName",
    "lname": "lastSurname",
    "surname": "lastSurname",
    "familyname": "lastSurname",
    "lastname": "lastSurname",
    "last": "lastSurname",
    "middle": "middleName",
    "mname": "middleName",
    "gender": "sexDescriptor",
    "sex": "sexDescriptor",
    "race": "raceDescriptor",
    "ethnicity": "hispanicLatinoEthnicity",
    "hispanic": "hispanicLatinoEthnicity",
    "email": "electronicMailAddress",
    "mail": "electronicMailAddress",
    "phone": "telephoneNumber",
    "zip": "postalCode",
    "zipcode": "postalCode",
    "state": "stateAbbreviationDescriptor",
    "emplid": "staffUniqueId",
    "employeeid": "staffUniqueId",
    "teacherid": "staffUniqueId",
    "staffid": "staffUniqueId",
    "studentid": "candidateIdentifier",
    "candidateid": "candidateIdentifier",
    "pidm": "candidateIdentifier",
    "bannerid": "candidateIdentifier",
    "schoolcode": "schoolId",
    "campusid": "schoolId",
    "term": "termDescriptor",
    "hiredate": "hireDate",
    "grade": "gradeLevelDescriptor",
}
"""What columns are often called, without case and punctuation, and the element that is mostly meant."""
_WORDS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Fit:
    """How the sampled rows fill one element that is mapped: of `rows`, how many have a text, and how many of those do not fit, by
    code."""

    path: str
    column: str
    rows: int
    filled: int
    misfits: Mapping[str, int]


@dataclass(frozen=True)
class Proposal:
    """An element that a column which nobody named may be: how alike the names are (0 to 1), and how many of the column's filled
    texts fit the element's type."""

    column: str
    path: str
    likeness: float
    filled: int
    fitting: int


def fits(records: Sequence[RawRecord], resource: Resource) -> tuple[Fit, ...]:
    """The fit of every element that the records feed, those of lists by the row's members, in catalog order."""
    texts: dict[str, list[str]] = {}
    columns: dict[str, str] = {}
    for record in records:
        for path, text in record.elements.items():
            texts.setdefault(path, []).append(text)
        for name, members in record.collections.items():
            for member in members:
                for inside, text in member.items():
                    texts.setdefault(f"{name}.{inside}", []).append(text)
        columns.update(record.columns)
    known = {element.path: element for element in resource.every_element()}
    return tuple(_fit(path, columns.get(path, ""), texts[path], element) for path, element in known.items() if path in texts)


def proposals(columns: Mapping[str, Sequence[str]], resource: Resource, taken: Iterable[str]) -> tuple[Proposal, ...]:
    """For each column with its sampled texts the element that it may be, the likeliest first; an element is proposed once, and none
    that is `taken`."""
    free = {element.path: element for element in resource.every_element() if element.path not in set(taken)}
    found = [
        Proposal(column, path, round(like, 2), sum(bool(text.strip()) for text in texts), _fitting(texts, element))
        for column, texts in columns.items()
        for path, element in free.items()
        if (like := likeness(column, path)) >= LEAST_LIKE
    ]
    best: list[Proposal] = []
    for proposal in sorted(found, key=lambda p: (-p.likeness, p.path.count("."), p.filled - p.fitting, p.path)):
        if all(proposal.column != other.column and proposal.path != other.path for other in best):
            best.append(proposal)
    return tuple(best)


def likeness(column: str, path: str) -> float:
    """How alike a column's name and an element's are, 0 to 1: by the element's own name, or with the reference before it."""
    name = _plain(column)
    steps = path.split(".")
    meant = SAID_OTHERWISE.get(name)
    if meant is not None:
        return 1.0 if steps[-1] == meant else 0.0
    endings = {_plain("".join(steps[start:])) for start in range(len(steps))}
    endings |= {ending.removesuffix("descriptor") for ending in endings} | {ending.replace("reference", "") for ending in endings}
    return max(SequenceMatcher(None, name, ending, autojunk=False).ratio() for ending in endings)


def _fit(path: ElementPath, column: str, texts: Sequence[str], element: Element) -> Fit:
    filled = [text for text in texts if text.strip()]
    codes = Counter(code for code in (misfit(text, element) for text in filled) if code is not None)
    return Fit(path, column, len(texts), len(filled), dict(codes.most_common()))


def _fitting(texts: Sequence[str], element: Element) -> int:
    return sum(misfit(text, element) is None for text in texts if text.strip())


def _plain(name: str) -> str:
    return _WORDS.sub("", name.casefold())
