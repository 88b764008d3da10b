"""Look up who was told what about one person (34 CFR 99.32). The look itself is on the log before anything of it is shown."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from pyroaring import BitMap

from gateway.accountability.named_people import people_of
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import InstitutionId, PersonId
from gateway.errors import GatewayError, IntegrityError, RequestError, Unavailable
from gateway.register.desk import RegisterDesk, RegisterKeys
from gateway.register.find_subject import Meant, Subject, find_subject
from gateway.register.index import assert_indexed, catch_up, entries_about
from gateway.register.named import whose
from gateway.register.told import AgreementWords, Told, tell
from gateway.steward import Steward, assert_steward
from gateway.store.engine import Connection
from gateway.store.subjects import Named, entries_at, numbers_of

KIND = "register_read"
DEED = "looks at who was told about its people"
PART = 400
Position = tuple[int, int]
"""Log and index of an entry: a page goes on with what is older."""


@dataclass(frozen=True)
class Looker:
    """Who looks into a provider's register: `who` is told on the log; `stands` raises where who asks may not (any more)."""

    provider: InstitutionId
    who: Mapping[str, object]
    stands: Callable[[Connection], object]


@dataclass(frozen=True)
class Looked:
    """What a look gave, newest first; `following` is where the next page goes on, None at the end; `out_of_reach` are entries whose
    rows are in an archive. `entry` is the look's own."""

    subject: Subject
    told: Sequence[Told] = field(repr=False)
    total: int
    out_of_reach: Sequence[Position]
    following: Position | None
    entry: AuditEntry


def steward_looks(steward: Steward) -> Looker:
    """A steward of the provider."""
    who = {"steward": steward.named, "actor": steward.actor}
    return Looker(steward.provider, who, lambda connection: assert_steward(connection, steward, DEED))


def look(meant: Meant, looker: Looker, desk: RegisterDesk, *, before: Position | None = None, limit: int | None = None) -> Looked:
    """Everything that was told about one person up to this moment, or the `limit` newest of it that are older than `before`.

    Raises `RequestError` where nobody is meant, which is on the log too, and what the looker's `stands` raises.
    """
    ends, why = catch_up(desk), None
    with desk.database.read() as connection:
        looker.stands(connection)
        assert_indexed(connection, ends)
        try:
            subject, told, places = _read(connection, meant, looker, desk, before, limit)
        except Unavailable:
            raise
        except GatewayError as refused:
            why = refused
    if why is not None:
        desk.log.append(_event(meant, looker, None, 0, "nobody is meant" if isinstance(why, RequestError) else why.code))
        raise why
    entry = desk.log.append(_event(meant, looker, subject.person, len(places.chosen), "told"))
    there = {(one.log_id, one.index) for one in told}
    missing = [place for place in places.chosen if place not in there]
    return Looked(subject, told, places.total, missing, places.following, entry)


@dataclass(frozen=True)
class _Places:
    """Where one person's entries are: how many in all, those of this page, and where the next goes on."""

    total: int
    chosen: Sequence[Position]
    following: Position | None


def _read(
    connection: Connection, meant: Meant, looker: Looker, desk: RegisterDesk, before: Position | None, limit: int | None
) -> tuple[Subject, list[Told], _Places]:
    subject, keys = find_subject(connection, meant, looker.provider, desk), RegisterKeys(desk.ring)
    every = entries_about(connection, looker.provider, subject.person, keys)
    older = [place for place in reversed(every) if before is None or place < before]
    chosen = older if limit is None else older[:limit]
    numbers = frozenset(numbers_of(connection, looker.provider, subject.person))
    words = AgreementWords(connection)
    told = [
        tell(_leaf(named, looker), log_id, index, _roles(named, numbers, keys), words, desk.catalog)
        for (log_id, index), named in _found(connection, chosen)
    ]
    return subject, told, _Places(len(every), chosen, chosen[-1] if len(older) > len(chosen) else None)


def _found(connection: Connection, chosen: Sequence[Position]) -> list[tuple[Position, Named]]:
    found: dict[Position, Named] = {}
    for log_id in {log_id for log_id, _ in chosen}:
        indexes = [index for of, index in chosen if of == log_id]
        for start in range(0, len(indexes), PART):
            for index, named in entries_at(connection, log_id, indexes[start : start + PART]).items():
                found[log_id, index] = named
    return [(place, found[place]) for place in chosen if place in found]


def _leaf(named: Named, looker: Looker) -> Mapping[str, object]:
    leaf: Mapping[str, object] = orjson.loads(named.leaf)
    if whose(leaf) != looker.provider:
        raise IntegrityError("The subject index names an entry of another institution. Make it anew: gateway disclosures --rebuild")
    return leaf


def _roles(named: Named, numbers: frozenset[PersonId], keys: RegisterKeys) -> tuple[str, ...]:
    """The parts that the person has in an entry, from the sealed detail, which is what counts; the index only says where to
    look."""
    detail = keys.detail(named.entry, named.key_id, named.sealed)
    people = {} if detail is None else people_of(detail)
    roles = tuple(sorted(role for role, persons in people.items() if any(number in persons for number in numbers)))
    if not roles:
        raise IntegrityError("The subject index and the log differ about a person. Make it anew: gateway disclosures --rebuild")
    return roles


def _event(meant: Meant, looker: Looker, person: PersonId | None, entries: int, outcome: str) -> AuditEvent:
    leaf: dict[str, object] = {
        **looker.who,
        "provider": looker.provider,
        "operation": "look",
        "by": meant.way,
        "outcome": outcome,
        "entries": str(entries),
    }
    if person is None:
        return AuditEvent(KIND, leaf, (looker.provider,))
    people = base64.b64encode(BitMap([person]).serialize()).decode()
    detail = orjson.dumps({"version": 1, "persons": {"looked_up": people}})
    return AuditEvent(KIND, leaf, (looker.provider,), detail, looker.provider)
