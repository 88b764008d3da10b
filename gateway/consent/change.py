"""Give and withdraw consents, opt out of directory information and rescind it, one person at a time; each with its entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.audit import AuditLog
from gateway.catalog.model import Catalog
from gateway.consent.person import find_people, meet_people, named_key, person_resource
from gateway.consent.read_consent import RightsFault, read_consents, read_purposes
from gateway.domain.auditing import AuditEntry
from gateway.domain.identifiers import InstitutionId, PersonId
from gateway.domain.rights import BY_HAND, EndedConsent, NamedPerson, OptOut, RightsChange, StatedConsent
from gateway.domain.rights_events import RightsAction, change_event, rights_event
from gateway.domain.times import utc_text
from gateway.errors import ConfigurationError, RequestError
from gateway.store.consents import (
    ConsentCount,
    count_consents,
    count_opt_outs,
    current_consents,
    current_opt_outs,
    write_rights,
)
from gateway.store.engine import Connection, Database
from gateway.store.epoch import lock_epoch
from gateway.store.key_ring import KeyRing

FURTHEST_ZONE = timedelta(hours=14)


@dataclass(frozen=True)
class RightsDesk:
    """What changing people's rights needs from outside itself; `who` is told on the log, `clock` gives UTC.

    `stands` raises, inside the change's own transaction, where who asked may do so no more.
    """

    catalog: Catalog
    database: Database
    ring: KeyRing
    log: AuditLog
    clock: Callable[[], datetime]
    who: Mapping[str, object]
    stands: Callable[[Connection], object] = lambda _: None


@dataclass(frozen=True)
class Changed:
    """What a change did: its entry, None when all was so already; `stated_by` are the sources whose files say so too."""

    entry: AuditEntry | None
    count: int
    stated_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """What stands for one person today."""

    consents: tuple[StatedConsent, ...]
    opt_outs: tuple[OptOut, ...]


def give_consent(
    person: NamedPerson, provider: InstitutionId, said: Mapping[str, str], desk: RightsDesk, *, before_record: bool = False
) -> Changed:
    """Record a signed form (34 CFR 99.30), one consent for each purpose; it replaces what the same person said on it before.

    `said` is as in `read_consents`. Raises `RequestError` for a wrong member, and for a person whom the gateway does not know
    unless `before_record`: then the consent waits for the record.
    """
    now = desk.clock()
    try:
        consents = read_consents(said, now.date())
    except RightsFault as fault:
        raise RequestError(f"{fault.member} {fault.reason}.") from fault
    with desk.database.write() as connection:
        _begin(connection, desk)
        number = _person(connection, person, provider, desk, before_record=before_record)
        standing = {
            item.consent.scope: item.consent
            for item in current_consents(connection, provider, persons=[number])
            if item.origin == BY_HAND
        }
        new = [consent for consent in consents if standing.get(consent.scope) != consent]
        change = RightsChange(
            provider,
            given=tuple(StatedConsent(number, BY_HAND, consent) for consent in new),
            ended=tuple(EndedConsent(number, BY_HAND, consent.scope) for consent in new if consent.scope in standing),
        )
        scope = consents[0].scope
        more = {"form": scope.form, "recipient": scope.recipient, "method": consents[0].method}
        purposes = sorted(consent.scope.purpose for consent in consents)
        return _written(connection, "give_consent", change, {**more, "purposes": purposes}, now, desk, len(new))


def withdraw_consent(
    person: NamedPerson, provider: InstitutionId, form: str, recipient: str | None, purposes: str | None, desk: RightsDesk
) -> Changed:
    """End every consent of a person on a form, whoever stated it: to one recipient or all, for some purposes or all.

    No file brings it back: only a form that is signed later. Raises `RequestError` when the person has none.
    """
    now = desk.clock()
    try:
        only = None if purposes is None else read_purposes(purposes)
    except RightsFault as fault:
        raise RequestError(f"{fault.member} {fault.reason}.") from fault
    with desk.database.write() as connection:
        _begin(connection, desk)
        number = _person(connection, person, provider, desk)
        # Until this day is over everywhere, a signature of the same day could be the one that was taken back.
        day = (now + FURTHEST_ZONE).date().isoformat()
        ended = [
            EndedConsent(number, item.origin, item.consent.scope, withdrawn_on=day)
            for item in current_consents(connection, provider, persons=[number])
            if item.consent.scope.form == form
            and recipient in (None, item.consent.scope.recipient)
            and (only is None or item.consent.scope.purpose in only)
        ]
        if not ended:
            raise RequestError("This person has no such consent; there is nothing to withdraw.")
        change = RightsChange(provider, ended=tuple(ended))
        more: dict[str, object] = {
            "forms": sorted({item.scope.form for item in ended}),
            "recipients": sorted({item.scope.recipient for item in ended}),
            "purposes": sorted({item.scope.purpose for item in ended}),
        }
        stated = tuple(sorted({item.origin for item in ended} - {BY_HAND}))
        return _written(connection, "withdraw_consent", change, more, now, desk, len(ended), stated)


def opt_out(person: NamedPerson, provider: InstitutionId, desk: RightsDesk, *, before_record: bool = False) -> Changed:
    """Record that a person refuses directory information about them to be shared (34 CFR 99.37); it outlasts their leaving.

    Raises `RequestError` for a person whom the gateway does not know unless `before_record`.
    """
    with desk.database.write() as connection:
        _begin(connection, desk)
        number = _person(connection, person, provider, desk, before_record=before_record)
        mine = OptOut(number, BY_HAND)
        new = () if mine in current_opt_outs(connection, provider, persons=[number]) else (mine,)
        return _written(connection, "opt_out", RightsChange(provider, opted_out=new), {}, desk.clock(), desk, len(new))


def rescind_opt_out(person: NamedPerson, provider: InstitutionId, desk: RightsDesk) -> Changed:
    """End a person's opt-out, whoever stated it. A source whose file still has it states it again at its next sync.

    Raises `RequestError` when the person is not opted out.
    """
    with desk.database.write() as connection:
        _begin(connection, desk)
        number = _person(connection, person, provider, desk)
        standing = tuple(current_opt_outs(connection, provider, persons=[number]))
        if not standing:
            raise RequestError("This person is not opted out; there is nothing to rescind.")
        stated = tuple(sorted({item.origin for item in standing} - {BY_HAND}))
        change = RightsChange(provider, rescinded=standing)
        return _written(connection, "rescind_opt_out", change, {}, desk.clock(), desk, len(standing), stated)


def look_up(person: NamedPerson, provider: InstitutionId, desk: RightsDesk) -> Standing:
    """What stands for one person; the look-up has its entry first. Raises `RequestError` for a person who is not known."""
    with desk.database.write() as connection:
        number = _person(connection, person, provider, desk)
        consents = tuple(current_consents(connection, provider, persons=[number]))
        opt_outs = tuple(current_opt_outs(connection, provider, persons=[number]))
        desk.log.append_in(connection, rights_event("look_up", provider, {"looked_up": [number]}, desk.who))
    return Standing(consents, opt_outs)


def count_rights(provider: InstitutionId, desk: RightsDesk) -> tuple[list[ConsentCount], int]:
    """Consents by form, recipient and purpose, and how many people are opted out. Days are counted in UTC here."""
    desk.log.append(rights_event("count", provider, {}, desk.who))
    with desk.database.read() as connection:
        return count_consents(connection, provider, desk.clock().date().isoformat()), count_opt_outs(connection, provider)


def _begin(connection: Connection, desk: RightsDesk) -> None:
    """From here on no state changes before this change is committed; whoever asked must stand in it."""
    lock_epoch(connection)
    desk.stands(connection)


def _person(
    connection: Connection, person: NamedPerson, provider: InstitutionId, desk: RightsDesk, *, before_record: bool = False
) -> PersonId:
    resource = person_resource(desk.catalog, person.resource)
    try:
        secret = desk.ring.provider(provider).source.secret
    except ConfigurationError as why:
        raise RequestError(f"The gateway has nothing of {provider}. Put an agreement of it in force first.") from why
    key = named_key(person, resource, secret)
    found = find_people(connection, provider, resource, [key])
    if not found and before_record:
        found = meet_people(connection, provider, resource, [key])
    if not found:
        raise RequestError(
            f"{provider} has no record in {resource.name} with this {', '.join(resource.identity)}. Check it; if the record is "
            "still to come, say so (--before-record, or before_record in a request), and it counts from the first day."
        )
    return found[key]


def _written(
    connection: Connection,
    action: RightsAction,
    change: RightsChange,
    more: Mapping[str, object],
    now: datetime,
    desk: RightsDesk,
    count: int,
    stated_by: tuple[str, ...] = (),
) -> Changed:
    if not change:
        return Changed(None, 0, stated_by)
    event = change_event(action, change, {**more, **desk.who})
    return Changed(write_rights(connection, change, utc_text(now), event, desk.log.append_in), count, stated_by)
