"""Read agreement files (YAML, version 1); every mistake is told with line and column, and changes nothing.

The language is policies/agreements/README.md. What the law requires is not checked here but by the policy: see `check`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from zoneinfo import available_timezones

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from gateway.agreements.expand_template import Member, expand_template
from gateway.agreements.read_basis import SCHOOL_OFFICIAL, Ground, read_basis
from gateway.agreements.read_clauses import (
    read_academic_terms,
    read_code_lists,
    read_destruction,
    read_parties,
    read_redisclosure,
    read_renewal,
    read_slug,
    read_suspension,
    read_term,
)
from gateway.agreements.read_schedule import ScheduleReader, Schedules
from gateway.agreements.resolve_document import VERSION, digest_of, resolve_document
from gateway.catalog.model import Catalog
from gateway.domain.agreement import SMALLEST_CELL, Agreement, Operation, Redisclosure, Renewal, Suspension
from gateway.domain.compose_yaml import compose_text, read_text
from gateway.domain.decision import LegalBasis
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import FileErrors, FileProblem

KINDS = ("sharing", "operation")
FEWEST_TO_SHARE = 2
SMALLEST_PUBLISHED, LARGEST_CELL = 5, 1000
LONGEST_NOTICE_HOURS = 720
_BOTH = (
    "version",
    "kind",
    "id",
    "title",
    "timezone",
    "term",
    "renewal",
    "suspension",
    "parties",
    "destruction",
    "breach_notice_hours",
)
_ALWAYS = ("version", "id", "title", "timezone", "term", "parties")
_SHARING = ("redisclosure", "minimum_cell_size", "disclosure_control", "academic_terms", "code_lists", "schedules")
_OPERATION = ("provider", "operator")
_NO_TERM = (date.min, date.min)
_AMERICAN_ZONES = {
    "eastern": "America/New_York",
    "central": "America/Chicago",
    "mountain": "America/Denver",
    "pacific": "America/Los_Angeles",
    "est": "America/New_York",
    "cst": "America/Chicago",
    "mst": "America/Denver",
    "pst": "America/Los_Angeles",
}
EXAMPLES = {
    "version": "version: 1",
    "id": "id: lakeside-riverton",
    "title": "title: and what people call it",
    "timezone": "timezone: America/Chicago",
    "term": "term: {from: 2026-07-01, until: 2027-06-30}",
    "parties": "parties: and under it each party's id with name and kind",
    "destruction": "destruction: {days_after_end: 90, method: secure deletion}",
    "schedules": "schedules: and under it, for each direction, id, provider, recipient, legal_basis, purposes and resources",
    "name": "name: and its full name",
    "kind": "kind: [epp] or [district]",
    "provider": "provider: and the id of the party whose records they are",
    "recipient": "recipient: and the id of the party that sees them",
    "legal_basis": "legal_basis: {basis: .., citation: ..}",
    "basis": "basis: and one of those in the language's page, as in a1_school_official",
    "citation": "citation: and the rule it rests on, as in 34 CFR 99.30",
    "purposes": "purposes: {placement: {legitimate_interest: why}}",
    "legitimate_interest": "legitimate_interest: and why, in words",
    "resources": "resources: and under it what is shared, as in candidates: {elements: {firstName: share}}",
    "elements": "elements: {firstName: share}",
    "treatment": "treatment: share, or another treatment",
    "operator": "operator: {self_hosted: true}",
    "allowed": "allowed: false",
    "days_after_end": "days_after_end: 90",
    "groups": "groups: {STEM: [code, code]}",
}
"""How members are written, for messages about those that are missing."""


@dataclass(frozen=True)
class Reading:
    """One agreement as far as it could be read. `agreement` is None where a clause that the law reads could not be read;
    its grants are those whose basis could. With `problems` it is good for nothing but to be checked further."""

    label: str
    root: Node
    agreement: Agreement | None
    problems: tuple[FileProblem, ...]


def read_agreements(path: Path, catalog: Catalog) -> tuple[Agreement, ...]:
    """The agreements in a file: one, or one for each member of its template.

    Raises `FileErrors` with every mistake, `ConfigurationError` when it cannot be opened.
    """
    readings = read_file(path, catalog)
    problems = merged(readings)
    agreements = tuple(reading.agreement for reading in readings if reading.agreement is not None)
    if problems or len(agreements) != len(readings):
        raise FileErrors(problems)
    return agreements


def read_agreement(path: Path, catalog: Catalog) -> Agreement:
    """The one agreement in a file. Raises as `read_agreements` does, also for a template with several members."""
    agreements = read_agreements(path, catalog)
    if len(agreements) != 1:
        message = f"the file is a template of {len(agreements)} agreements, and one is needed"
        raise FileErrors((FileProblem(str(path), 1, 1, message, "name a file with one agreement"),))
    return agreements[0]


def read_file(path: Path, catalog: Catalog) -> tuple[Reading, ...]:
    """Every agreement of a file with its problems. Raises `FileErrors` only when the file is not plain YAML."""
    text = read_text(path, str(path))
    return read_source(text, str(path), catalog)


def read_source(text: str, file: str, catalog: Catalog) -> tuple[Reading, ...]:
    """The same of a text; `file` is its name in messages."""
    root = compose_text(text, file)
    template = NodeReader(file, source=text)
    members = expand_template(template, root)
    if template.problems:
        return (Reading("", root, None, tuple(template.problems)),)
    readings = [_read(member, text, file, catalog) for member in members]
    return tuple(_distinct(readings, file))


def merged(readings: Sequence[Reading]) -> tuple[FileProblem, ...]:
    """Every problem once, in order; what is wrong in some members of a template only says in which."""
    seen: dict[FileProblem, list[str]] = {}
    for reading in readings:
        for problem in dict.fromkeys(reading.problems):
            seen.setdefault(problem, []).append(reading.label)
    told = set()
    for problem, labels in seen.items():
        where = "" if len(labels) == len(readings) else f" (for {', '.join(labels)})"
        told.add(replace(problem, message=problem.message + where))
    return tuple(sorted(told))


def _distinct(readings: Sequence[Reading], file: str) -> list[Reading]:
    """The readings, with a problem where two members have one id."""
    ids: dict[str, str] = {}
    found = []
    for reading in readings:
        agreement = reading.agreement
        if agreement is not None and agreement.id in ids:
            mark = reading.root.start_mark
            message = f'the id "{agreement.id}" is that of {ids[agreement.id]} too'
            problem = FileProblem(
                file, mark.line + 1, mark.column + 1, message, "use a parameter in id that differs for each member"
            )
            found.append(replace(reading, problems=(*reading.problems, problem)))
            continue
        if agreement is not None:
            ids[agreement.id] = reading.label
        found.append(reading)
    return found


def _read(member: Member, text: str, file: str, catalog: Catalog) -> Reading:
    reader = NodeReader(file, source=text, examples=EXAMPLES)
    agreement = _Reading(reader, catalog, text).agreement(member.root)
    return Reading(member.label, member.root, agreement, tuple(reader.problems))


class _Reading:
    """Reads one tree; notes what does not fit and goes on."""

    def __init__(self, reader: NodeReader, catalog: Catalog, text: str) -> None:
        self._reader = reader
        self._catalog = catalog
        self._text = text

    def agreement(self, root: Node) -> Agreement | None:
        reader = self._reader
        kind = self._kind(root)
        own, needed = (_OPERATION, _OPERATION) if kind == "operation" else (_SHARING, ("destruction", "schedules"))
        what = "an agreement of kind operation" if kind == "operation" else "an agreement"
        entries = reader.entries(root, what, (*_BOTH, *own), (*_ALWAYS, *needed))
        before = len(reader.problems)
        bound = self._bound(entries, 1 if kind == "operation" else FEWEST_TO_SHARE)
        legible = len(reader.problems) == before and bound.term != _NO_TERM and bool(bound.parties)
        named = self._named(entries, bound)
        ground = Ground(reader, self._catalog, bound.parties)
        if kind == "operation":
            found = replace(named, operation=self._operation(entries, ground))
        else:
            schedules = ScheduleReader(ground, bound.code_lists, bound.academic_terms)
            read = schedules.read(entries["schedules"]) if "schedules" in entries else Schedules()
            found = replace(named, schedules=read.schedules, grants=read.grants, tables=read.tables)
        if not legible:
            return None
        document = resolve_document(found)
        return replace(found, document=document, digest=digest_of(document))

    def _kind(self, root: Node) -> str:
        """`sharing` where the file does not say."""
        pairs = root.value if isinstance(root, MappingNode) else []
        for key, value in pairs:
            if isinstance(key, ScalarNode) and key.value == "kind":
                return self._reader.choice(value, "kind of agreement", KINDS) or "sharing"
        return "sharing"

    def _bound(self, entries: Mapping[str, Entry], fewest: int) -> Agreement:
        """The clauses that the law is applied with, as far as they are there."""
        reader = self._reader
        parties = read_parties(reader, entries["parties"], fewest) if "parties" in entries else {}
        term = read_term(reader, entries["term"]) if "term" in entries else None
        lists, titles = read_code_lists(reader, entries["code_lists"]) if "code_lists" in entries else ({}, {})
        terms = read_academic_terms(reader, entries["academic_terms"]) if "academic_terms" in entries else ()
        redisclosure = read_redisclosure(reader, entries["redisclosure"]) if "redisclosure" in entries else None
        destruction = read_destruction(reader, entries["destruction"]) if "destruction" in entries else None
        return replace(
            _nothing(self._text),
            term=term or _NO_TERM,
            parties=MappingProxyType(parties),
            redisclosure=redisclosure or Redisclosure(allowed=False, notice=""),
            destruction=destruction,
            code_lists=MappingProxyType(dict(lists)),
            code_list_titles=MappingProxyType(dict(titles)),
            academic_terms=terms,
        )

    def _named(self, entries: Mapping[str, Entry], bound: Agreement) -> Agreement:
        """The clauses that no rule of law reads."""
        reader = self._reader
        if "version" in entries:
            self._version(entries["version"].value)
        identifier = read_slug(reader, entries["id"].value, "id") if "id" in entries else None
        title = reader.words(entries["title"].value, "title") if "title" in entries else None
        zone = self._timezone(entries["timezone"].value) if "timezone" in entries else None
        cell = self._whole(entries, "minimum_cell_size", SMALLEST_PUBLISHED, LARGEST_CELL)
        hours = self._whole(entries, "breach_notice_hours", 1, LONGEST_NOTICE_HOURS)
        if "disclosure_control" in entries:
            reader.choice(entries["disclosure_control"].value, "method for tables", ("suppression",))
        parties = tuple(sorted(bound.parties))
        return replace(
            bound,
            id=AgreementId(identifier or ""),
            title=title or "",
            timezone=zone or "UTC",
            minimum_cell_size=cell or SMALLEST_CELL,
            breach_notice_hours=hours,
            renewal=read_renewal(reader, entries["renewal"]) if "renewal" in entries else Renewal(),
            suspension=(
                read_suspension(reader, entries["suspension"], bound.parties) if "suspension" in entries else Suspension(parties)
            ),
        )

    def _version(self, node: Node) -> None:
        version = self._reader.text(node, "version")
        if version is not None and version != str(VERSION):
            self._reader.problem(node, f'version "{version}" is not known', f"write {VERSION}, the version of this language")

    def _timezone(self, node: Node) -> str | None:
        zones = {zone for zone in available_timezones() if "/" in zone and not zone.startswith(("posix/", "right/", "Etc/"))}
        text = str(node.value).casefold() if isinstance(node, ScalarNode) else ""
        meant = next((f'did you mean "{zone}"?' for word, zone in _AMERICAN_ZONES.items() if text.startswith(word)), "")
        if meant:
            self._reader.problem(node, f'"{node.value}" is not a time zone', meant)
            return None
        return self._reader.choice_of_many(node, "time zone", zones | {"UTC"}, "write region and city, as in America/Chicago")

    def _whole(self, entries: Mapping[str, Entry], name: str, low: int, high: int) -> int | None:
        return self._reader.whole(entries[name].value, name, low, high) if name in entries else None

    def _operation(self, entries: Mapping[str, Entry], ground: Ground) -> Operation | None:
        """Who runs the gateway for a provider."""
        reader, parties = self._reader, tuple(ground.parties)
        named = reader.choice(entries["provider"].value, "party of this agreement", parties) if "provider" in entries else None
        members = ("self_hosted", "party", "legal_basis")
        parts = reader.entries(entries["operator"].value, "operator", members) if "operator" in entries else {}
        provider = InstitutionId(named or "")
        if "self_hosted" in parts and len(parts) == 1:
            if reader.flag(parts["self_hosted"].value, "self_hosted") is False:
                reader.problem(parts["self_hosted"].value, "nobody runs the gateway", "write {party: WHO, legal_basis: {..}}")
            return Operation(provider, None, None)
        if {"party", "legal_basis"} != parts.keys():
            if "operator" in entries:
                fix = "write {self_hosted: true}, or {party: WHO, legal_basis: {basis: a1_school_official, ..}}"
                reader.problem(entries["operator"].key, "operator says either self_hosted, or party and legal_basis", fix)
            return None
        party = reader.choice(parts["party"].value, "party of this agreement", parties)
        if party is not None and party == named:
            reader.problem(
                parts["party"].value, "provider and operator are the same institution", "write operator: {self_hosted: true}"
            )
        basis = read_basis(ground, parts["legal_basis"])
        if basis is not None:
            self._direct_control(parts["legal_basis"], basis)
        return Operation(provider, InstitutionId(party or ""), basis)

    def _direct_control(self, entry: Entry, basis: LegalBasis) -> None:
        """Whoever runs the gateway for a provider is its school official under direct control: no rule reads such a file later."""
        rule = ("F-31-A1", "34 CFR 99.31(a)(1)(i)(B)")
        if basis.basis != "a1_school_official":
            message = f"an operator serves as the provider's school official, not under {basis.basis}"
            self._reader.problem(entry.value, message, "write basis: a1_school_official", *rule)
            return
        for name in SCHOOL_OFFICIAL:
            if not basis.details.get(name):
                example = "roles: [System administrator]" if name == "roles" else f"{name}: and the clause in words"
                self._reader.problem(entry.key, f"a school official's basis does not say {name}", f"add {example}", *rule)


def _nothing(text: str) -> Agreement:
    """An agreement that says nothing yet, to be filled clause by clause."""
    return Agreement(
        id=AgreementId(""),
        title="",
        timezone="UTC",
        term=_NO_TERM,
        parties={},
        redisclosure=Redisclosure(allowed=False, notice=""),
        grants=(),
        document={},
        digest="",
        source_text=text,
    )
