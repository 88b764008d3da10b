"""Read the clauses of an agreement that bind all of its schedules: parties, term, destruction, redisclosure and their like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import cast, get_args

from ruamel.yaml.nodes import MappingNode, Node

from gateway.domain.agreement import (
    PARTY_KINDS,
    SLUG,
    Destruction,
    Officer,
    Party,
    Redisclosure,
    Renewal,
    RenewalKind,
    Suspension,
)
from gateway.domain.identifiers import InstitutionId
from gateway.domain.yaml_nodes import Entry, NodeReader

LONGEST_DAYS = 36_500
LARGEST_NUMBER = 2**53 - 1
"""What a JSON number holds exactly."""

NOTICE = (
    "Personally identifiable information from education records. It may be used only for the purpose it was disclosed for and "
    "may not be redisclosed without consent or another ground of 34 CFR Part 99 (34 CFR 99.33)."
)
_KIND_HINT = "write epp for a university or another preparation provider, district for a school district or charter"
_SCHOOL_YEAR = re.compile(r"([0-9]{4})-([0-9]{2})")
_FIRST_OF_SCHOOL_YEAR, _LAST_OF_SCHOOL_YEAR = (7, 1), (6, 30)


def read_slug(reader: NodeReader, node: Node, what: str) -> str | None:
    """An id in small letters, digits and hyphens."""
    text = reader.text(node, what)
    if text is None or re.match(SLUG, text):
        return text
    if "${" in text:
        reader.problem(node, f'{what} "{text}" has a parameter, but the file has no template', "add template: with parameters")
        return None
    plain = re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")[:63]
    reader.problem(
        node, f'{what} "{text}" must be small letters, digits and hyphens, at most 63', f"write {plain or 'lakeside-riverton'}"
    )
    return None


def read_term(reader: NodeReader, entry: Entry) -> tuple[date, date] | None:
    """First and last day, both included."""
    parts = reader.entries(entry.value, "term", ("from", "until"), ("from", "until"))
    days = [_term_day(reader, parts[name]) for name in ("from", "until") if name in parts]
    if len(days) != 2 or days[0] is None or days[1] is None:  # noqa: PLR2004  # from and until
        return None
    if days[0] > days[1]:
        reader.problem(
            parts["until"].value, f"the term ends ({days[1]}) before it starts ({days[0]})", "give until a later day than from"
        )
        return None
    return days[0], days[1]


def _term_day(reader: NodeReader, entry: Entry) -> date | None:
    """A day, or the edge of a school year: its 1 July as `from`, its 30 June as `until`."""
    if not isinstance(entry.value, MappingNode):
        return reader.day(entry.value, entry.name)
    parts = reader.entries(entry.value, entry.name, ("school_year",), ("school_year",))
    text = reader.text(parts["school_year"].value, "school_year") if "school_year" in parts else None
    if text is None:
        return None
    years = _SCHOOL_YEAR.fullmatch(text)
    if years is None or (int(years[1]) + 1) % 100 != int(years[2]) or years[1] == "0000":
        reader.problem(parts["school_year"].value, f'"{text}" is not a school year', "write it as 2026-27")
        return None
    first = int(years[1])
    return date(first, *_FIRST_OF_SCHOOL_YEAR) if entry.name == "from" else date(first + 1, *_LAST_OF_SCHOOL_YEAR)


def read_parties(reader: NodeReader, entry: Entry, fewest: int) -> dict[InstitutionId, Party]:
    """The institutions that sign, by id."""
    parties: dict[InstitutionId, Party] = {}
    items = reader.entries(entry.value, "parties")
    for item in items.values():
        party = _party(reader, item)
        parties[party.id] = party
    if len(items) < fewest and isinstance(entry.value, MappingNode):
        reader.problem(entry.key, f"an agreement has {fewest} parties or more", "add the other party under parties:")
    return parties


def _party(reader: NodeReader, item: Entry) -> Party:
    members = ("name", "kind", "contact", "authorised_representative", "custodian", "education_organizations")
    parts = reader.entries(item.value, f"party {item.name}", members, ("name", "kind"))
    identifier = read_slug(reader, item.key, "party")
    kinds = (
        [reader.choice(node, "kind of party", PARTY_KINDS, _KIND_HINT) for node in reader.items(parts["kind"].value, "kind")]
        if ("kind" in parts)
        else []
    )
    name = (reader.words(parts["name"].value, "name") or "") if "name" in parts else ""
    organisations = (
        [
            reader.whole(node, "an education organization's id", 1, LARGEST_NUMBER)
            for node in (reader.items(parts["education_organizations"].value, "education_organizations"))
        ]
        if "education_organizations" in parts
        else []
    )
    contact = (reader.words(parts["contact"].value, "contact") or "") if "contact" in parts else ""
    officers = {
        role: _officer(reader, parts[role]) if role in parts else None for role in ("authorised_representative", "custodian")
    }
    return Party(
        id=InstitutionId(identifier or item.name),
        name=name,
        kind=tuple(sorted({kind for kind in kinds if kind})),
        organisations=tuple(sorted({number for number in organisations if number})),
        contact=contact,
        authorised_representative=officers["authorised_representative"],
        custodian=officers["custodian"],
    )


def _officer(reader: NodeReader, entry: Entry) -> Officer:
    parts = reader.entries(entry.value, entry.name, ("name", "title"), ("name",))
    return Officer(*((reader.words(parts[name].value, name) or "") if name in parts else "" for name in ("name", "title")))


def read_renewal(reader: NodeReader, entry: Entry) -> Renewal:
    """How the term goes on."""
    parts = reader.entries(entry.value, "renewal", ("how", "notice_days"), ("how",))
    how = reader.choice(parts["how"].value, "kind of renewal", get_args(RenewalKind)) if "how" in parts else None
    days = reader.whole(parts["notice_days"].value, "notice_days", 1, LONGEST_DAYS) if "notice_days" in parts else None
    return Renewal(cast(RenewalKind, how or "none"), days)


def read_suspension(reader: NodeReader, entry: Entry, parties: Mapping[InstitutionId, Party]) -> Suspension:
    """Who may suspend at once; every party where the file does not say."""
    parts = reader.entries(entry.value, "suspension", ("by", "in_words"))
    named = reader.items(parts["by"].value, "by") if "by" in parts else ()
    by = [reader.choice(node, "party of this agreement", tuple(parties)) for node in named]
    words = (reader.words(parts["in_words"].value, "in_words") or "") if "in_words" in parts else ""
    return Suspension(tuple(sorted({InstitutionId(party) for party in by if party})) or tuple(sorted(parties)), words)


def read_redisclosure(reader: NodeReader, entry: Entry) -> Redisclosure:
    """Whether and to whom the recipient may pass records on; the law's part of it is the policy's."""
    parts = reader.entries(entry.value, "redisclosure", ("allowed", "notice", "additional_parties"), ("allowed",))
    allowed = reader.flag(parts["allowed"].value, "allowed") if "allowed" in parts else False
    notice = reader.words(parts["notice"].value, "notice") if "notice" in parts else None
    others = []
    for node in reader.items(parts["additional_parties"].value, "additional_parties") if "additional_parties" in parts else ():
        members = reader.entries(node, "an additional party", ("name", "legitimate_interest"), ("name", "legitimate_interest"))
        name, why = (
            reader.words(members[part].value, part) if part in members else None for part in ("name", "legitimate_interest")
        )
        others.append((name or "", why or ""))
    if others and allowed is False:
        reader.problem(
            parts["additional_parties"].key,
            "additional_parties are named although redisclosure is not allowed",
            "write allowed: true, or remove additional_parties",
        )
    return Redisclosure(bool(allowed), notice or NOTICE, tuple(others))


def read_destruction(reader: NodeReader, entry: Entry) -> Destruction | None:
    """When and how the recipient's copies are destroyed."""
    parts = reader.entries(entry.value, "destruction", ("days_after_end", "method", "certification"), ("days_after_end",))
    if "days_after_end" not in parts:
        return None
    days = reader.whole(parts["days_after_end"].value, "days_after_end", 0, LONGEST_DAYS)
    method = reader.words(parts["method"].value, "method") if "method" in parts else None
    certified = reader.flag(parts["certification"].value, "certification") if "certification" in parts else None
    if days is None:
        return None
    return Destruction(days, method or Destruction.method, bool(certified))


def read_academic_terms(reader: NodeReader, entry: Entry) -> tuple[tuple[str, date], ...]:
    """Names and last days of terms, the earliest first."""
    found = [(item.name, reader.day(item.value, item.name)) for item in reader.entries(entry.value, "academic_terms").values()]
    terms = [(name, last) for name, last in found if last is not None]
    days = {last for _, last in terms}
    if len(days) < len(terms):
        reader.problem(entry.key, "two academic terms end on the same day", "give each term its own last day")
    return tuple(sorted(terms, key=lambda term: term[1]))


def read_code_lists(reader: NodeReader, entry: Entry) -> tuple[Mapping[str, Mapping[str, str]], Mapping[str, str]]:
    """Each list's codes with the group they fall in, and each list's title."""
    lists: dict[str, Mapping[str, str]] = {}
    titles: dict[str, str] = {}
    for item in reader.entries(entry.value, "code_lists").values():
        parts = reader.entries(item.value, f"code list {item.name}", ("title", "groups"), ("groups",))
        name = read_slug(reader, item.key, "code list")
        if "title" in parts:
            titles[item.name] = reader.words(parts["title"].value, "title") or ""
        if name is not None and "groups" in parts:
            lists[name] = MappingProxyType(_codes(reader, parts["groups"]))
    return lists, titles


def _codes(reader: NodeReader, entry: Entry) -> dict[str, str]:
    groups: dict[str, str] = {}
    for group in reader.entries(entry.value, "groups").values():
        for node in reader.items(group.value, group.name):
            code = reader.text(node, "a code")
            if code is None:
                continue
            before = groups.get(code)
            if before is None:
                groups[code] = group.name
            elif before == group.name:
                reader.problem(node, f'"{code}" stands twice in group {before}', "keep one of them")
            else:
                reader.problem(node, f'"{code}" stands in two groups, {before} and {group.name}', "keep it in one of them")
    if not groups:
        reader.problem(entry.key, "a code list needs a group with a code", "write groups: {STEM: [code, code]}")
    return groups
