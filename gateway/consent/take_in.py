"""Take in a file of consents or opt-outs: the whole of it in one change, with its entry.

Whatever is unclear shows less. A consent that no readable row of a whole file states is withdrawn; an opt-out is rescinded
only when every row could say whom it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from connectors.base import Page
from connectors.source import Source
from gateway.admit import admit
from gateway.catalog.model import Resource
from gateway.consent.change import RightsDesk
from gateway.consent.person import find_people, meet_people, person_resource
from gateway.consent.read_consent import CONSENT_MEMBERS, OPT_OUT_MEMBERS, RightsFault, read_consents, read_opted_out
from gateway.domain.identifiers import ElementPath, InstitutionId, PersonId, ResourceName
from gateway.domain.records import Location, RawRecord, Rejection
from gateway.domain.rights import Consent, ConsentTerms, EndedConsent, OptOut, RightsChange, RightsKind, StatedConsent
from gateway.domain.rights_events import RightsAction, change_event
from gateway.domain.times import utc_text
from gateway.errors import GatewayError, IngestError
from gateway.identify import identify
from gateway.store.consents import current_consents, current_opt_outs, withdrawals, write_rights
from gateway.store.engine import Connection
from gateway.store.epoch import lock_epoch
from gateway.store.exclusive import exclusive
from gateway.store.staging import begin_run, drop_quarantine, end_run, write_quarantine

FEW = 10
"""So many consents may vanish from a file whatever the limit is: a withdrawal must not wait for somebody to confirm it."""


@dataclass(frozen=True)
class RightsOrder:
    """One file to be taken in. `origin` is who states it (`BY_HAND`, or a source's file); `whole` says that the file is all that
    its origin states, so that what it no longer has ends; then `shrink_limit` (0 to 1) bounds how much may end at once."""

    kind: RightsKind
    provider: InstitutionId
    resource: ResourceName
    source: str
    origin: str
    whole: bool
    shrink_limit: float


def source_rights(
    source: Source, kind: RightsKind, resource: ResourceName, *, allow_shrink: bool, shrink_limit: float
) -> RightsOrder:
    """The order that one file of consents or opt-outs of a source file stands for: all that this source says."""
    limit = 1.0 if allow_shrink else shrink_limit
    return RightsOrder(kind, source.provider, resource, source.id, f"{source.id}/{resource}", whole=True, shrink_limit=limit)


@dataclass(frozen=True)
class RightsReport:
    """What became of a file: `begun` and `ended` are consents (one a purpose) or opt-outs; `unidentified` rows could not say whom
    they name. `notices` are rows that count but name somebody whose record has not come yet: it may be a mistake."""

    kind: RightsKind
    provider: InstitutionId
    resource: ResourceName
    rows: int
    begun: int
    ended: int
    unchanged: int
    unidentified: int
    rejected: tuple[Rejection, ...]
    notices: tuple[Rejection, ...]


@dataclass
class _Said:
    """What a file says, gathered row by row."""

    rows: int = 0
    unidentified: int = 0
    consents: dict[tuple[PersonId, ConsentTerms], tuple[Consent, Location]] = field(default_factory=dict)
    contradicted: set[tuple[PersonId, ConsentTerms]] = field(default_factory=set)
    opted_out: set[PersonId] = field(default_factory=set)
    kept: set[PersonId] = field(default_factory=set)
    """People whose row could not be read: an opt-out of theirs stands."""
    rejected: list[Rejection] = field(default_factory=list)
    notices: list[Rejection] = field(default_factory=list)


def take_in(order: RightsOrder, pages: Iterable[Page], desk: RightsDesk, new_run_id: Callable[[], str]) -> RightsReport:
    """Read every page, then change what differs, all at once.

    Good rows count, bad ones go to quarantine with their reason. Raises `IngestError`, with nothing changed, when no operation
    agreement of the provider is in force, the file cannot be read whole, or more would end than `shrink_limit` allows.
    """
    resource = person_resource(desk.catalog, order.resource)
    with exclusive(desk.database, f"sync/{order.provider}"):
        run = _Run(order, resource, desk, new_run_id())
        try:
            for page in pages:
                run.take(page)
            return run.finish()
        except GatewayError as why:
            run.give_up(why)
            raise


class _Run:
    """One file, from its first page to the change."""

    def __init__(self, order: RightsOrder, resource: Resource, desk: RightsDesk, run_id: str) -> None:
        self._order = order
        self._resource = resource
        self._desk = desk
        self._run_id = run_id
        self._name = ResourceName(f"{order.kind}/{resource.name}")
        self._said = _Said()
        now = desk.clock()
        self._today: date = now.date()
        with desk.database.write() as connection:
            admit(connection, order.provider, now)
            desk.ring.create_provider_keys(connection, order.provider, utc_text(now))
            begin_run(connection, run_id, order.provider, order.source, self._name, utc_text(now))
        self._secret = desk.ring.provider(order.provider).source.secret

    def take(self, page: Page) -> None:
        """Read a page; a person whom nobody knows yet gets a number, so that the record finds what was said before it came."""
        if page.unaccounted():
            raise IngestError(f"{self._order.source}: the connector lost rows of {self._name}; nothing was taken over.")
        said = self._said
        said.rows += page.rows
        said.rejected += [self._placed(rejection) for rejection in page.rejections]
        broken = {record.location: key for record in page.partial for key in [self._key(record)] if isinstance(key, bytes)}
        said.unidentified += sum(1 for rejection in page.rejections if rejection.location not in broken)
        stated: list[tuple[RawRecord, bytes, tuple[Consent, ...]]] = []
        for record in page.records:
            key = self._key(record)
            if isinstance(key, Rejection):
                said.rejected.append(self._placed(key))
                said.unidentified += 1
                continue
            try:
                says_so, consents = self._read(record)
            except RightsFault as fault:
                said.rejected.append(self._faulty(record, fault))
                broken[record.location] = key
                continue
            if says_so:
                stated.append((record, key, consents))
        with self._desk.database.write() as connection:
            wanted = [key for _, key, _ in stated]
            known = find_people(connection, self._order.provider, self._resource, {*wanted, *broken.values()})
            people = meet_people(connection, self._order.provider, self._resource, wanted)
        said.kept |= {known[key] for key in broken.values() if key in known}
        for record, key, consents in stated:
            self._state(record, people[key], consents)
            if key not in known:
                said.notices.append(self._ahead(record))

    def finish(self) -> RightsReport:
        """Compare with what stands and write the difference, the quarantine and the entry in one transaction."""
        order, said, desk = self._order, self._said, self._desk
        now = desk.clock()
        at = utc_text(now)
        before = (*said.rejected, *said.notices)
        with desk.database.write() as connection:
            # Apart from the change, which holds up every answer on SQLite while it is written.
            write_quarantine(connection, self._quarantined(before, 0))
        with desk.database.write() as connection:
            lock_epoch(connection)
            admit(connection, order.provider, now)
            if order.kind == "consents":
                change, unchanged = self._consents(connection)
            else:
                change, unchanged = self._opt_outs(connection)
            rejected, notices = tuple(said.rejected), tuple(said.notices)
            write_quarantine(connection, self._quarantined(rejected[len(before) - len(notices) :], len(before)))
            drop_quarantine(connection, order.provider, order.source, self._name, keep_run=self._run_id)
            state = "promoted" if change else "unchanged"
            end_run(connection, self._run_id, state=state, at=at, read=said.rows, quarantined=len(rejected))
            event = change_event(self._action, change, self._leaf("changed" if change else "unchanged"))
            if change:
                write_rights(connection, change, at, event, desk.log.append_in)
            else:
                desk.log.append_in(connection, event)
        begun, ended = len(change.given) + len(change.opted_out), len(change.ended) + len(change.rescinded)
        return RightsReport(
            order.kind, order.provider, order.resource, said.rows, begun, ended, unchanged, said.unidentified, rejected, notices
        )

    def give_up(self, why: GatewayError) -> None:
        """Put the failure on the log; nothing was changed."""
        with self._desk.database.write() as connection:
            at = utc_text(self._desk.clock())
            rejected = len(self._said.rejected)
            end_run(connection, self._run_id, state="failed", at=at, read=self._said.rows, quarantined=rejected, failure=why.code)
            event = change_event(self._action, RightsChange(self._order.provider), self._leaf("failed"))
            self._desk.log.append_in(connection, event)

    def _read(self, record: RawRecord) -> tuple[bool, tuple[Consent, ...]]:
        """Whether the row states anything, and the consents that it does."""
        members = CONSENT_MEMBERS if self._order.kind == "consents" else OPT_OUT_MEMBERS
        texts = {member: record.elements[ElementPath(member)] for member in members if ElementPath(member) in record.elements}
        if self._order.kind == "consents":
            return True, read_consents(texts, self._today)
        return read_opted_out(texts), ()

    def _state(self, record: RawRecord, person: PersonId, consents: Iterable[Consent]) -> None:
        said = self._said
        if self._order.kind == "opt_outs":
            said.opted_out.add(person)
        for consent in consents:
            place = (person, consent.scope)
            if place in said.consents and said.consents[place][0] != consent:
                line = said.consents[place][1].line
                reason = f"line {line} states this consent otherwise; neither counts"
                said.contradicted.add(place)
                said.rejected.append(Rejection(self._name, record.location, "", "contradicts_earlier_row", reason))
            said.consents.setdefault(place, (consent, record.location))

    def _ahead(self, record: RawRecord) -> Rejection:
        reason = f"{self._resource.name} has no such record yet; what the row says is kept and counts from the record's first day"
        return Rejection(self._name, record.location, ", ".join(self._resource.identity), "no_record_yet", reason)

    def _faulty(self, record: RawRecord, fault: RightsFault) -> Rejection:
        column = record.columns.get(fault.member, fault.member)
        return Rejection(self._name, record.location, column, fault.code, f"{fault.member} {fault.reason}")

    def _consents(self, connection: Connection) -> tuple[RightsChange, int]:
        order, said = self._order, self._said
        standing = {
            (item.person, item.consent.scope): item.consent
            for item in current_consents(connection, order.provider, origin=order.origin)
            if order.whole or (item.person, item.consent.scope) in said.consents
        }
        stated = self._not_withdrawn(connection, {p: c for p, c in said.consents.items() if p not in said.contradicted})
        new = {place: consent for place, consent in stated.items() if standing.get(place) != consent}
        gone = [place for place in standing if place not in stated] if order.whole else []
        self._guard(len(gone), len(standing), FEW)
        replaced = [place for place in new if place in standing]
        change = RightsChange(
            order.provider,
            given=tuple(StatedConsent(person, order.origin, consent) for (person, _), consent in new.items()),
            ended=tuple(EndedConsent(person, order.origin, scope) for person, scope in (*gone, *replaced)),
        )
        return change, len(stated) - len(new)

    def _not_withdrawn(
        self, connection: Connection, stated: Mapping[tuple[PersonId, ConsentTerms], tuple[Consent, Location]]
    ) -> dict[tuple[PersonId, ConsentTerms], Consent]:
        """What its person has not taken back since it was signed: a file that is behind must not bring it back."""
        taken_back = {
            (item.person, item.consent.scope): item.withdrawn_on for item in withdrawals(connection, self._order.provider)
        }
        kept = {}
        for place, (consent, location) in stated.items():
            withdrawn_on = taken_back.get(place)
            if withdrawn_on is None or consent.signed_on > withdrawn_on:
                kept[place] = consent
                continue
            reason = "the person withdrew this consent after it was signed; take it out of the file"
            self._said.rejected.append(Rejection(self._name, location, "signed_on", "withdrawn_since", reason))
        return kept

    def _opt_outs(self, connection: Connection) -> tuple[RightsChange, int]:
        order, said = self._order, self._said
        standing = {item.person for item in current_opt_outs(connection, order.provider, origin=order.origin)}
        gone: set[PersonId] = set()
        if order.whole and not said.unidentified:
            gone = standing - said.opted_out - said.kept
        self._guard(len(gone), len(standing), 0)
        new = said.opted_out - standing
        change = RightsChange(
            order.provider,
            opted_out=tuple(OptOut(person, order.origin) for person in sorted(new)),
            rescinded=tuple(OptOut(person, order.origin) for person in sorted(gone)),
        )
        return change, len(said.opted_out) - len(new)

    def _guard(self, gone: int, known: int, few: int) -> None:
        if gone > max(few, self._order.shrink_limit * known):
            raise IngestError(
                f"{self._name}: the file no longer has {gone} of {known}, more than the {self._order.shrink_limit:.0%} that "
                "GATEWAY_SHRINK_LIMIT allows. Check the file; if it is right, run this once with --allow-shrink."
            )

    def _key(self, record: RawRecord) -> bytes | Rejection:
        return identify(record, self._resource, self._secret)

    def _placed(self, rejection: Rejection) -> Rejection:
        return replace(rejection, resource=self._name)

    def _quarantined(self, rejected: Sequence[Rejection], first: int) -> list[dict[str, object]]:
        return [
            {
                "run_id": self._run_id,
                "position": number,
                "provider_id": self._order.provider,
                "resource": self._name,
                "file": rejection.location.file,
                "line": rejection.location.line,
                "column_name": rejection.column,
                "code": rejection.code,
                "reason": rejection.reason,
            }
            for number, rejection in enumerate(rejected, start=first)
        ]

    @property
    def _action(self) -> RightsAction:
        return "import_consents" if self._order.kind == "consents" else "import_opt_outs"

    def _leaf(self, outcome: str) -> dict[str, object]:
        return {
            **self._desk.who,
            "outcome": outcome,
            "source": self._order.source,
            "resource": self._resource.name,
            "run": self._run_id,
            "rows": str(self._said.rows),
            "quarantined": str(len(self._said.rejected)),
        }
