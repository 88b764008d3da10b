"""Read one agreement file (YAML, version 1); every mistake is told with line and column, and changes nothing."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from pathlib import Path
from types import MappingProxyType
from zoneinfo import available_timezones

import rfc8785
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.agreements.read_schedule import ScheduleReader
from gateway.catalog.model import Catalog
from gateway.domain.agreement import SLUG, Agreement, Party, Redisclosure
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.yaml_nodes import Entry, NodeReader, compose
from gateway.errors import FileErrors

VERSION = "1"
KINDS = ("epp", "district")
FEWEST_PARTIES = 2
LARGEST_CELL = 1000
LONGEST_DAYS = 36_500
NOTICE = (
    "Personally identifiable information from education records. It may be used only for the purpose it was disclosed for and "
    "may not be redisclosed without consent or another ground of 34 CFR Part 99 (34 CFR 99.33)."
)
_MEMBERS = (
    "version",
    "id",
    "title",
    "timezone",
    "term",
    "parties",
    "redisclosure",
    "destruction",
    "minimum_cell_size",
    "schedules",
)
_REQUIRED = ("version", "id", "title", "timezone", "term", "parties", "destruction", "schedules")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_BOOLEANS = {"true": True, "false": False}


def read_agreement(path: Path, catalog: Catalog) -> Agreement:
    """The agreement in a file. Raises `FileErrors` with every mistake, `ConfigurationError` when it cannot be opened."""
    reader = NodeReader(str(path))
    root = compose(path, str(path))
    agreement = _read(reader, root, path.read_text(encoding="utf-8-sig"), catalog)
    if reader.problems or agreement is None:
        raise FileErrors(tuple(sorted(set(reader.problems))))
    return agreement


def _read(reader: NodeReader, root: Node, text: str, catalog: Catalog) -> Agreement | None:
    entries = reader.entries(root, "an agreement", _MEMBERS, _REQUIRED)
    if not set(_REQUIRED) <= entries.keys():
        return None
    version = reader.text(entries["version"].value, "version")
    if version is not None and version != VERSION:
        reader.problem(entries["version"].value, f'version "{version}" is not known; this gateway reads version {VERSION}')
    identifier = slug(reader, entries["id"].value, "id")
    title = reader.text(entries["title"].value, "title")
    timezone = reader.choice_of_many(entries["timezone"].value, "time zone", available_timezones())
    term = _term(reader, entries["term"])
    parties = _parties(reader, entries["parties"])
    notice = _notice(reader, entries["redisclosure"]) if "redisclosure" in entries else NOTICE
    _destruction(reader, entries["destruction"])
    if "minimum_cell_size" in entries:
        reader.whole(entries["minimum_cell_size"].value, "minimum_cell_size", 1, LARGEST_CELL)
    grants = ScheduleReader(reader, catalog, parties).read(entries["schedules"])
    if reader.problems or identifier is None or title is None or timezone is None or term is None:
        return None
    document = tree(root)
    if not isinstance(document, dict):
        return None
    return Agreement(
        id=AgreementId(identifier),
        title=title,
        timezone=timezone,
        term=term,
        parties=MappingProxyType(parties),
        redisclosure=Redisclosure(allowed=False, notice=notice),
        grants=grants,
        document=document,
        digest=hashlib.sha256(rfc8785.dumps(document)).hexdigest(),
        source_text=text,
    )


def slug(reader: NodeReader, node: Node, what: str) -> str | None:
    """An id in small letters, digits and hyphens."""
    text = reader.text(node, what)
    if text is not None and not re.match(SLUG, text):
        reader.problem(node, f'{what} "{text}" must be small letters, digits and hyphens, at most 63, as in lakeside-riverton')
        return None
    return text


def _term(reader: NodeReader, entry: Entry) -> tuple[date, date] | None:
    parts = reader.entries(entry.value, "term", ("from", "until"), ("from", "until"))
    days = [_day(reader, parts[name]) for name in ("from", "until") if name in parts]
    if len(days) != len(("from", "until")) or days[0] is None or days[1] is None:
        return None
    if days[0] > days[1]:
        reader.problem(parts["until"].value, f"the term ends ({days[1]}) before it starts ({days[0]})")
        return None
    return days[0], days[1]


def _day(reader: NodeReader, entry: Entry) -> date | None:
    text = reader.text(entry.value, entry.name)
    if text is None:
        return None
    try:
        if len(text) == len("2026-07-01"):
            return date.fromisoformat(text)
    except ValueError:
        pass
    reader.problem(entry.value, f'"{text}" is not a day; write it as 2026-07-01')
    return None


def _parties(reader: NodeReader, entry: Entry) -> dict[InstitutionId, Party]:
    parties: dict[InstitutionId, Party] = {}
    for item in reader.entries(entry.value, "parties").values():
        parts = reader.entries(item.value, f"party {item.name}", ("name", "kind", "contact"), ("name", "kind"))
        identifier = slug(reader, item.key, "party")
        if identifier is None or "name" not in parts or "kind" not in parts:
            continue
        kinds = [reader.choice(node, "kind of party", KINDS) for node in reader.items(parts["kind"].value, "kind")]
        if "contact" in parts:
            reader.text(parts["contact"].value, "contact")
        name = reader.text(parts["name"].value, "name") or ""
        parties[InstitutionId(identifier)] = Party(InstitutionId(identifier), name, tuple(kind for kind in kinds if kind))
    if len(parties) < FEWEST_PARTIES:
        reader.problem(entry.value, "an agreement has two parties or more")
    return parties


def _notice(reader: NodeReader, entry: Entry) -> str:
    parts = reader.entries(entry.value, "redisclosure", ("allowed", "notice"), ("allowed", "notice"))
    if "allowed" in parts and reader.text(parts["allowed"].value, "allowed") != "false":
        reader.problem(parts["allowed"].value, "redisclosure is not something this gateway can allow; write allowed: false")
    return (reader.text(parts["notice"].value, "notice") or NOTICE) if "notice" in parts else NOTICE


def _destruction(reader: NodeReader, entry: Entry) -> None:
    parts = reader.entries(entry.value, "destruction", ("days_after_end", "method", "certification"), ("days_after_end",))
    if "days_after_end" in parts:
        reader.whole(parts["days_after_end"].value, "days_after_end", 0, LONGEST_DAYS)
    if "method" in parts:
        reader.text(parts["method"].value, "method")
    if "certification" in parts:
        reader.choice(parts["certification"].value, "certification", tuple(_BOOLEANS))


def tree(node: Node) -> object:
    """The JSON tree of a node: plain whole numbers and booleans as such, every other scalar as its text."""
    if isinstance(node, MappingNode):
        return {key.value: tree(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [tree(item) for item in node.value]
    if not isinstance(node, ScalarNode) or node.style in {"'", '"', "|", ">"}:
        return node.value
    if node.value in _BOOLEANS:
        return _BOOLEANS[node.value]
    return int(node.value) if _INTEGER.fullmatch(node.value) else node.value
