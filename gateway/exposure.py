"""Exposure: what left for a client, a key or an institution that is in doubt: of whom a breach must be told, and by when.

Everything comes from the log: its leaves say what left, the sealed details who it was about. An answer that was given is taken for
received, and elements that left treated are told as treated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from pyroaring import BitMap

from gateway.accountability.named_people import people_of
from gateway.audit import AuditLog
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import AgreementId, InstitutionId, PersonId
from gateway.domain.times import utc_text
from gateway.errors import IntegrityError, RequestError
from gateway.resolution import ResolutionDesk, Somebody
from gateway.resolution.likely import everybody
from gateway.steward import Steward, assert_steward
from gateway.store.agreements import breach_notice_hours
from gateway.store.audit_log import StoredEntry, read_details, read_entries
from gateway.store.engine import Connection, Database

CHUNK = 500
DEED = "is told which of its people a breach concerns"
OpenDetail = Callable[[str, bytes, str], bytes | None]
"""(entry id, ciphertext, key id) -> salt and detail; None when the key was destroyed."""


@dataclass(frozen=True)
class Doubt:
    """What is in doubt: a client, a key (its thumbprint) or everything that an institution received; from a time to another (UTC,
    the latter excluded). At least one of the three must be named, or both times."""

    client: str | None = None
    key: str | None = None
    recipient: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class ExposureDesk:
    """What telling an exposure needs from outside; `clock` gives the UTC time."""

    database: Database
    log_id: int
    log: AuditLog
    open_detail: OpenDetail
    people: ResolutionDesk
    clock: Callable[[], datetime]


@dataclass
class Exposed:
    """What left of one provider's records under one version of an agreement: how many answers and rows, of which resources which
    elements as they are and which treated (`element: treatment`), from the first to the last answer (UTC). `out_of_reach` answers
    no longer say whom they were about. `notice_due` is when the breach must be told by, None where no hours are agreed."""

    provider: InstitutionId
    recipient: str
    agreement: AgreementId
    version: int
    first: str
    last: str = ""
    answers: int = 0
    rows: int = 0
    released: set[str] = field(default_factory=set)
    treated: set[str] = field(default_factory=set)
    people: BitMap = field(default_factory=BitMap, repr=False)
    out_of_reach: int = 0
    notice_due: str | None = None


@dataclass(frozen=True)
class Exposure:
    """What is in doubt, agreement by agreement, and the entry of this look. `people` is the number of people of each provider, each
    counted once."""

    entry: AuditEntry
    exposed: tuple[Exposed, ...]

    @property
    def people(self) -> Mapping[InstitutionId, int]:
        every: dict[InstitutionId, BitMap] = {}
        for one in self.exposed:
            every[one.provider] = every.get(one.provider, BitMap()) | one.people
        return {provider: len(numbers) for provider, numbers in sorted(every.items())}


def find_exposure(doubt: Doubt, found_at: datetime, actor: str, desk: ExposureDesk) -> Exposure:
    """Everything that left; `found_at` is when the breach was found (UTC), from which the agreements' hours count.

    The look has its entry before anything is told. Raises `RequestError` where nothing is named that would limit it.
    """
    if not (doubt.client or doubt.key or doubt.recipient or (doubt.since and doubt.until)):
        raise RequestError("Say what is in doubt: a client, a key, a recipient, or a time with its beginning and its end.")
    with desk.database.read() as connection:
        exposed = _exposed(doubt, connection, desk)
        for one in exposed:
            hours = breach_notice_hours(connection, one.agreement, one.version)
            one.notice_due = None if hours is None else utc_text(found_at + timedelta(hours=hours))
    return Exposure(desk.log.append(_looked(doubt, exposed, actor, "report")), exposed)


def find_exposed_people(doubt: Doubt, steward: Steward, desk: ExposureDesk) -> list[Somebody]:
    """The steward's own people who are concerned, as records of theirs; those whose records are gone are not among them.

    The look has its entry first. Raises `RequestError` for who is no steward, and as `find_exposure`.
    """
    with desk.database.read() as connection:
        assert_steward(connection, steward, DEED)
        exposed = tuple(one for one in _exposed(doubt, connection, desk) if one.provider == steward.provider)
        numbers: set[PersonId] = {PersonId(number) for one in exposed for number in one.people}
        found = [one for one in everybody(connection, steward, desk.people) if one.person in numbers]
    desk.log.append(_looked(doubt, exposed, steward.named, "people"))
    return sorted(found, key=lambda one: (one.resource, one.named))


def _exposed(doubt: Doubt, connection: Connection, desk: ExposureDesk) -> tuple[Exposed, ...]:
    found: dict[tuple[object, ...], Exposed] = {}
    concerned = _concerned(doubt, read_entries(connection, desk.log_id))
    while chunk := list(islice(concerned, CHUNK)):
        details = read_details(connection, desk.log_id, [entry.entry for entry, _ in chunk])
        for entry, leaf in chunk:
            key = (leaf["provider"], leaf["recipient"], leaf["agreement"], leaf["agreement_version"])
            one = found.get(key)
            if one is None:
                provider, agreement = InstitutionId(str(key[0])), AgreementId(str(key[2]))
                one = found[key] = Exposed(provider, str(key[1]), agreement, int(str(key[3])), str(leaf["time"]))
            _add(one, leaf, _people(entry.entry, details.get(entry.entry), desk.open_detail))
    return tuple(found[key] for key in sorted(found, key=str))


def _concerned(doubt: Doubt, entries: Iterator[StoredEntry]) -> Iterator[tuple[StoredEntry, Mapping[str, object]]]:
    """The disclosures in doubt. A leaf is read only where its bytes hold what it must: a log may have millions."""
    marks = [b'"kind":"disclosure"']
    named = (("client", doubt.client), ("key", doubt.key), ("recipient", doubt.recipient))
    marks += [f'"{member}":{json.dumps(text, ensure_ascii=False)}'.encode() for member, text in named if text]
    since, until = (None if moment is None else utc_text(moment) for moment in (doubt.since, doubt.until))
    for entry in entries:
        if all(mark in entry.leaf for mark in marks):
            leaf = json.loads(entry.leaf)
            at = str(leaf["time"])
            right = leaf["kind"] == "disclosure" and all(leaf[member] == text for member, text in named if text)
            if right and (since is None or since <= at) and (until is None or at < until):
                yield entry, leaf


def _add(one: Exposed, leaf: Mapping[str, object], people: BitMap | None) -> None:
    one.answers += 1
    one.rows += int(str(leaf["rows"]))
    one.last = str(leaf["time"])
    released, treated = leaf["released"], leaf["treated"]
    if not isinstance(released, list) or not isinstance(treated, dict):
        raise IntegrityError(f"The leaf of entry {leaf['id']} is not that of a disclosure.")
    one.released |= {f"{leaf['resource']}.{path}" for path in released}
    one.treated |= {f"{leaf['resource']}.{path}: {treatment}" for path, treatment in treated.items()}
    if people is None:
        one.out_of_reach += 1
    else:
        one.people |= people


def _people(entry: str, sealed: tuple[str, bytes] | None, open_detail: OpenDetail) -> BitMap | None:
    """Whom an answer was about; None where its register key is gone."""
    if sealed is None:
        return None
    opened = open_detail(entry, sealed[1], sealed[0])
    if opened is None:
        return None
    return BitMap().union(*people_of(opened).values())


def _looked(doubt: Doubt, exposed: tuple[Exposed, ...], actor: str, operation: str) -> AuditEvent:
    leaf: dict[str, object] = {
        "operation": operation,
        "actor": actor,
        "answers": str(sum(one.answers for one in exposed)),
        "asked": sorted(name for name in ("client", "key", "recipient", "since", "until") if getattr(doubt, name) is not None),
    }
    return AuditEvent(kind="exposure", leaf=leaf, institutions=tuple(sorted({one.provider for one in exposed})))
