"""Read legal bases: names, days and lists are checked here, what the law requires of a basis by the policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.agreements.read_clauses import LONGEST_DAYS, read_slug
from gateway.catalog.model import Catalog, Resource
from gateway.domain.agreement import BASES, PURPOSES, Party
from gateway.domain.decision import LegalBasis
from gateway.domain.identifiers import ElementPath, InstitutionId
from gateway.domain.yaml_nodes import Entry, NodeReader

A2_NOTICES = ("annual", "given", "initiated_by_student")
STUDY_PURPOSES = ("predictive_tests", "student_aid", "improve_instruction")
LARGEST_CLASS = 100_000
SCHOOL_OFFICIAL = ("institutional_function", "direct_control", "legitimate_interest", "roles")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ALWAYS = ("basis", "citation")
_SHORT = 4


@dataclass(frozen=True)
class Ground:
    """What the parts of one file are read against."""

    reader: NodeReader
    catalog: Catalog
    parties: Mapping[InstitutionId, Party]


Shape = Callable[[Ground, Entry, Resource | None], object]
"""Reads one member of a basis into its JSON tree, None where it does not fit; the resource is the one that the basis stands at."""


def read_basis(ground: Ground, entry: Entry, resource: Resource | None = None) -> LegalBasis | None:
    """The basis that an entry states, with its details as a JSON tree. `resource` is where it stands, None at a schedule."""
    reader = ground.reader
    parts = reader.entries(entry.value, "legal_basis", None, _ALWAYS)
    citation = reader.words(parts["citation"].value, "citation") if "citation" in parts else None
    basis = _basis_name(reader, parts["basis"]) if "basis" in parts else None
    if basis is None:
        return None
    details = _members(ground, entry, f"legal basis {basis}", DETAILS[basis], resource, _ALWAYS)
    return LegalBasis(basis, citation, details) if citation else None


def _basis_name(reader: NodeReader, entry: Entry) -> str | None:
    """A basis by its name; somebody who wrote its citation is told the name."""
    text = reader.text(entry.value, "basis")
    if text is None or text in BASES:
        return text
    cited = [name for name, citation in BASES.items() if len(text) > _SHORT and text in citation]
    every = ", ".join(f"{name} ({citation.removeprefix('34 CFR ')})" for name, citation in BASES.items())
    fix = f'did you mean "{cited[0]}"?' if cited else reader.suggestion(text, BASES)
    reader.problem(entry.value, f'"{text}" is not a legal basis', fix or f"write one of {every}")
    return None


def _members(
    ground: Ground,
    entry: Entry,
    what: str,
    shapes: Mapping[str, Shape],
    resource: Resource | None,
    also: tuple[str, ...] = (),
    required: tuple[str, ...] = (),
) -> dict[str, object]:
    """The tree of a mapping whose members have these shapes; what could not be read is left out."""
    parts = ground.reader.entries(entry.value, what, (*also, *shapes), required)
    found = {name: shape(ground, parts[name], resource) for name, shape in shapes.items() if name in parts}
    return {name: tree for name, tree in found.items() if tree is not None}


def _words(ground: Ground, entry: Entry, _: Resource | None) -> object:
    return ground.reader.words(entry.value, entry.name)


def _slug(ground: Ground, entry: Entry, _: Resource | None) -> object:
    return read_slug(ground.reader, entry.value, entry.name)


def _day(ground: Ground, entry: Entry, _: Resource | None) -> object:
    day = ground.reader.day(entry.value, entry.name)
    return day.isoformat() if day else None


def _flag(ground: Ground, entry: Entry, _: Resource | None) -> object:
    return ground.reader.flag(entry.value, entry.name)


def _list(ground: Ground, entry: Entry, _: Resource | None) -> object:
    return sorted(set(ground.reader.texts(entry.value, entry.name)))


def _party(ground: Ground, entry: Entry, _: Resource | None) -> object:
    return ground.reader.choice(entry.value, "party of this agreement", tuple(ground.parties))


def _parties(ground: Ground, entry: Entry, _: Resource | None) -> object:
    return _chosen(ground.reader, entry, "party of this agreement", tuple(ground.parties))


def _choices(what: str, options: tuple[str, ...]) -> Shape:
    return lambda ground, entry, _: _chosen(ground.reader, entry, what, options)


def _chosen(reader: NodeReader, entry: Entry, what: str, options: tuple[str, ...]) -> list[str]:
    found = {reader.choice(node, what, options) for node in reader.items(entry.value, entry.name)}
    return sorted(word for word in found if word)


def _choice(*options: str) -> Shape:
    return lambda ground, entry, _: ground.reader.choice(entry.value, entry.name, options)


def _whole(low: int, high: int) -> Shape:
    return lambda ground, entry, _: ground.reader.whole(entry.value, entry.name, low, high)


def _of(**shapes: Shape) -> Shape:
    return lambda ground, entry, resource: _members(ground, entry, entry.name, shapes, resource)


def _digest(ground: Ground, entry: Entry, _: Resource | None) -> object:
    text = ground.reader.text(entry.value, entry.name)
    if text is None or _SHA256.fullmatch(text):
        return text
    ground.reader.problem(
        entry.value,
        f'"{text[:16]}" is not a SHA-256: 64 characters of 0-9 and a-f',
        "take it from sha256sum of the form's text file",
    )
    return None


def _records(ground: Ground, entry: Entry, _: Resource | None) -> object:
    """Per resource the elements that a consent form's text names."""
    reader, named = ground.reader, {}
    for item in reader.entries(entry.value, entry.name).values():
        resource = ground.catalog.resource(item.name)
        if resource is None:
            fix = reader.suggestion(item.name, ground.catalog.resources) or "the data dictionary lists the resources"
            reader.problem(item.key, f'"{item.name}" is not a resource', fix)
        else:
            named[item.name] = _paths(ground, item, resource)
    return named


def _elements(ground: Ground, entry: Entry, resource: Resource | None) -> object:
    return _paths(ground, entry, resource)


def _paths(ground: Ground, entry: Entry, resource: Resource | None) -> list[str]:
    """Elements of the resource, of any resource at a schedule."""
    resources = (resource,) if resource else tuple(ground.catalog.resources.values())
    known = {element.path for one in resources for element in one.every_element()}
    what = f"element of {resource.name}" if resource else "element of any resource"
    return _known(ground.reader, entry, what, known)


def _last_names(ground: Ground, entry: Entry, _: Resource | None) -> object:
    """Elements by their last names, as a notice of directory information names them for every resource at once."""
    names = {element.path.rpartition(".")[2] for one in ground.catalog.resources.values() for element in one.every_element()}
    return _known(ground.reader, entry, "element's last name", names)


def _known(reader: NodeReader, entry: Entry, what: str, known: set[ElementPath] | set[str]) -> list[str]:
    found = [
        reader.choice_of_many(node, what, known, "the data dictionary lists the elements")
        for node in reader.items(entry.value, entry.name)
    ]
    return sorted({path for path in found if path})


_DESTRUCTION = _of(days_after_end=_whole(0, LONGEST_DAYS))
_DEIDENTIFIED: Mapping[str, Shape] = {"smallest_class": _whole(1, LARGEST_CLASS), "quasi_identifiers": _elements}
DETAILS: Mapping[str, Mapping[str, Shape]] = {
    "consent": {"form": _of(id=_slug, text_sha256=_digest, records=_records)},
    "a1_school_official": {
        "institutional_function": _words,
        "direct_control": _words,
        "legitimate_interest": _words,
        "roles": _list,
    },
    "a2_enrollment": {"notice": _choice(*A2_NOTICES)},
    "a3_audit_eval": {
        "authority": _words,
        "designated_representative": _words,
        "program": _words,
        "activity": _words,
        "safeguards": _words,
        "destruction": _DESTRUCTION,
        "verification": _of(last_on=_day, audit_right=_flag),
    },
    "a6_study": {
        "on_behalf_of": _party,
        "study": _of(**{"purpose": _choice(*STUDY_PURPOSES), "scope": _words, "from": _day, "until": _day}),
        "no_identification": _flag,
        "representatives": _list,
        "destruction": _DESTRUCTION,
    },
    "a7_accreditation": {"organisation": _words},
    "a9_order_or_subpoena": {"order": _of(court=_words, number=_words, dated=_day)},
    "a10_emergency": {"threat": _words},
    "a11_directory": {
        "notice": _of(
            published=_day, opt_out_until=_day, designated=_last_names, parties=_parties, purposes=_choices("purpose", PURPOSES)
        )
    },
    "a12_self": {},
    "b1_deidentified": _DEIDENTIFIED,
    "b2_coded_research": {**_DEIDENTIFIED, "project": _words, "code_source": _words},
    "none_not_education_record": {"module": _slug},
}
"""What each basis may say beside its name and citation (policies/agreements/README.md, Legal basis)."""
