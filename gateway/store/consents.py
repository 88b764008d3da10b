"""The SQL of consents and directory opt-outs: what stands now, and one writer for every change of it.

A consent is **live** for a decision when all of this holds (`permitted` compiles the condition):
- its row is current: `to_version` is null;
- `signed_on` is not after the day, and `until_day` is null or not before it; the day is the one of the agreement's time zone;
- `form`, `recipient_id` and `purpose` are exactly those of the permit, and `person_id` is the row's person of that role.
A person who has no live consent is absent from the answer, like a record that does not exist. Origins do not matter: one
live row of any origin is enough for a consent, and one current row of any origin is enough for an opt-out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, func, insert, or_, select, update

from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import InstitutionId, PersonId
from gateway.domain.rights import Consent, ConsentTerms, EndedConsent, OptOut, RightsChange, StatedConsent
from gateway.store.engine import AppendIn
from gateway.store.epoch import advance_epoch
from gateway.store.one_of import IN_LIST
from gateway.store.schema import consent, former_person, key_registry, opt_out

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class ConsentCount:
    """How many people's consents one scope has: `live` on a day, and `lapsed`, which are over or not begun."""

    scope: ConsentTerms
    live: int
    lapsed: int


def _live_on(today: str) -> tuple[ColumnElement[bool], ...]:
    return (
        consent.c.to_version.is_(None),
        consent.c.signed_on <= today,
        or_(consent.c.until_day.is_(None), consent.c.until_day >= today),
    )


def current_consents(
    connection: Connection, provider: InstitutionId, *, persons: Collection[PersonId] | None = None, origin: str | None = None
) -> list[StatedConsent]:
    """The consents that stand, lapsed ones too: of some people, of one origin, or all."""
    statement = select(consent).where(consent.c.provider_id == provider, consent.c.to_version.is_(None))
    if origin is not None:
        statement = statement.where(consent.c.origin == origin)
    return [_stated(row) for row in _rows(connection, statement, consent.c.person_id, persons)]


def withdrawals(
    connection: Connection, provider: InstitutionId, persons: Collection[PersonId] | None = None
) -> list[StatedConsent]:
    """The last withdrawal of each consent that its person ever took back."""
    statement = (
        select(consent)
        .where(consent.c.provider_id == provider, consent.c.withdrawn_on.is_not(None))
        .order_by(consent.c.withdrawn_on)
    )
    last = {(row.person_id, _scope(row)): row for row in _rows(connection, statement, consent.c.person_id, persons)}
    return [_stated(row) for row in last.values()]


def current_opt_outs(
    connection: Connection, provider: InstitutionId, *, persons: Collection[PersonId] | None = None, origin: str | None = None
) -> list[OptOut]:
    """Who is opted out, by origin."""
    statement = select(opt_out).where(opt_out.c.provider_id == provider, opt_out.c.to_version.is_(None))
    if origin is not None:
        statement = statement.where(opt_out.c.origin == origin)
    rows = _rows(connection, statement, opt_out.c.person_id, persons)
    return [OptOut(PersonId(row.person_id), row.origin) for row in rows]


def count_consents(connection: Connection, provider: InstitutionId, today: str) -> list[ConsentCount]:
    """People with a consent, by scope."""
    columns = (consent.c.form, consent.c.recipient_id, consent.c.purpose)
    people = func.count(consent.c.person_id.distinct())
    current = select(*columns, people).where(consent.c.provider_id == provider, consent.c.to_version.is_(None))
    everybody = {_scope(row): int(row[3]) for row in connection.execute(current.group_by(*columns).order_by(*columns))}
    live = {_scope(row): int(row[3]) for row in connection.execute(current.where(*_live_on(today)).group_by(*columns))}
    return [ConsentCount(scope, live.get(scope, 0), every - live.get(scope, 0)) for scope, every in everybody.items()]


def count_opt_outs(connection: Connection, provider: InstitutionId) -> int:
    """People who are opted out."""
    statement = select(func.count(opt_out.c.person_id.distinct()))
    return int(connection.execute(statement.where(opt_out.c.provider_id == provider, opt_out.c.to_version.is_(None))).scalar() or 0)


def write_rights(connection: Connection, change: RightsChange, at: str, event: AuditEvent, append_in: AppendIn) -> AuditEntry:
    """Apply a change with its entry; the state epoch moves, so that the very next answer of any process knows of it."""
    provider = change.provider
    epoch = advance_epoch(connection)
    for ended in change.ended:
        _end_consent(connection, provider, ended, epoch)
    for rescinded in change.rescinded:
        connection.execute(
            update(opt_out)
            .where(
                opt_out.c.provider_id == provider,
                opt_out.c.person_id == rescinded.person,
                opt_out.c.origin == rescinded.origin,
                opt_out.c.to_version.is_(None),
            )
            .values(to_version=epoch)
        )
    # Two origins may state the same; rows are told apart by their epoch, so each gets one of its own.
    for number, noted in enumerate(_rounds(change.noted, lambda item: (item.person, item.consent.scope))):
        epoch = advance_epoch(connection) if number else epoch
        connection.execute(insert(consent), [_row(provider, item, epoch, at, ended=True) for item in noted])
    if change.noted and change.given:
        epoch = advance_epoch(connection)
    for number, given in enumerate(_rounds(change.given, lambda item: (item.person, item.consent.scope))):
        epoch = advance_epoch(connection) if number else epoch
        connection.execute(insert(consent), [_row(provider, item, epoch, at, ended=False) for item in given])
    for number, out in enumerate(_rounds(change.opted_out, lambda item: item.person)):
        epoch = advance_epoch(connection) if number else epoch
        connection.execute(
            insert(opt_out),
            [
                {"provider_id": provider, "person_id": item.person, "from_version": epoch, "at": at, "origin": item.origin}
                for item in out
            ],
        )
    return append_in(connection, event)


def follow_people(connection: Connection, provider: InstitutionId, moved: Mapping[PersonId, PersonId]) -> RightsChange:
    """What must be written when a source names people (old number) as others (new number).

    Whatever is unclear shows less: opt-outs stand for both numbers. A consent goes to the new number, but ends when somebody
    else still has the old one, because nobody can say whose it was. What was withdrawn stays withdrawn.
    """
    old = list(moved)
    consents = current_consents(connection, provider, persons=old)
    shared = {person for person in {item.person for item in consents} if _is_named(connection, provider, person)}
    new = list(moved.values())
    there = {(item.person, item.origin, item.consent.scope) for item in current_consents(connection, provider, persons=new)}
    out = {(item.person, item.origin) for item in current_opt_outs(connection, provider, persons=new)}
    return RightsChange(
        provider,
        given=tuple(
            StatedConsent(moved[item.person], item.origin, item.consent)
            for item in consents
            if item.person not in shared and (moved[item.person], item.origin, item.consent.scope) not in there
        ),
        ended=tuple(EndedConsent(item.person, item.origin, item.consent.scope) for item in consents),
        noted=tuple(
            StatedConsent(moved[item.person], item.origin, item.consent, item.withdrawn_on)
            for item in withdrawals(connection, provider, old)
        ),
        opted_out=tuple(
            OptOut(moved[item.person], item.origin)
            for item in current_opt_outs(connection, provider, persons=old)
            if (moved[item.person], item.origin) not in out
        ),
    )


def note_former_numbers(connection: Connection, provider: InstitutionId, moved: Mapping[PersonId, PersonId]) -> None:
    """Say of people whom a source names as others (old number -> new number) that they are the same, so that an opt-out finds the
    versions of records that bear an old number; the state epoch moves."""
    of_provider = select(former_person).where(former_person.c.provider_id == provider)
    before = _rows(connection, of_provider, former_person.c.person_id, moved)
    pairs = {*moved.items(), *((row.former_id, moved[row.person_id]) for row in before)}
    formers = {former for former, _ in pairs}
    noted = _rows(connection, of_provider, former_person.c.former_id, formers)
    pairs -= {(row.former_id, row.person_id) for row in noted}
    pairs = {(former, person) for former, person in pairs if former != person}
    if pairs:
        epoch = advance_epoch(connection)
        rows = [
            {"provider_id": provider, "former_id": former, "person_id": person, "from_version": epoch}
            for former, person in sorted(pairs)
        ]
        connection.execute(insert(former_person), rows)


def _is_named(connection: Connection, provider: InstitutionId, person: PersonId) -> bool:
    named = select(key_registry.c.record_id).where(key_registry.c.provider_id == provider, key_registry.c.person_id == person)
    return connection.execute(named.limit(1)).first() is not None


def _end_consent(connection: Connection, provider: InstitutionId, ended: EndedConsent, epoch: int) -> None:
    connection.execute(
        update(consent)
        .where(
            consent.c.provider_id == provider,
            consent.c.person_id == ended.person,
            consent.c.form == ended.scope.form,
            consent.c.recipient_id == ended.scope.recipient,
            consent.c.purpose == ended.scope.purpose,
            consent.c.origin == ended.origin,
            consent.c.to_version.is_(None),
        )
        .values(to_version=epoch, withdrawn_on=ended.withdrawn_on)
    )


def _rounds(items: Sequence[_Item], key: Callable[[_Item], object]) -> list[list[_Item]]:
    """The items in groups within which each key stands once."""
    rounds: list[list[_Item]] = []
    count: dict[object, int] = {}
    for item in items:
        number = count.get(key(item), 0)
        count[key(item)] = number + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(item)
    return rounds


def _rows(
    connection: Connection,
    statement: Select[tuple[object, ...]],
    column: ColumnElement[int],
    persons: Collection[PersonId] | None,
) -> Iterator[Row[tuple[object, ...]]]:
    if persons is None:
        yield from connection.execute(statement)
        return
    wanted = list(persons)
    for start in range(0, len(wanted), IN_LIST):
        yield from connection.execute(statement.where(column.in_(wanted[start : start + IN_LIST])))


def _row(provider: InstitutionId, item: StatedConsent, epoch: int, at: str, *, ended: bool) -> dict[str, object]:
    return {
        "provider_id": provider,
        "person_id": item.person,
        "form": item.consent.scope.form,
        "recipient_id": item.consent.scope.recipient,
        "purpose": item.consent.scope.purpose,
        "from_version": epoch,
        "to_version": epoch if ended else None,
        "signed_on": item.consent.signed_on,
        "until_day": item.consent.until,
        "method": item.consent.method,
        "signer": item.consent.signer,
        "at": at,
        "origin": item.origin,
        "withdrawn_on": item.withdrawn_on,
    }


def _scope(row: Row[tuple[object, ...]]) -> ConsentTerms:
    return ConsentTerms(row.form, row.recipient_id, row.purpose)


def _stated(row: Row[tuple[object, ...]]) -> StatedConsent:
    facts = Consent(_scope(row), row.signed_on, row.until_day, row.method, row.signer)
    return StatedConsent(PersonId(row.person_id), row.origin, facts, row.withdrawn_on)
