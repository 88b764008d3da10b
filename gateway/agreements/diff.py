"""Diff (pure): what a new version of an agreement changes, for whom, for which purpose, and whether anything gets wider.

What cannot be compared counts as wider: nobody should sign a change that a program took for harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.agreements.prose import basis_in_words, in_words, listed, row_in_words
from gateway.agreements.wider import basis_widens, is_wider, scope_widens
from gateway.domain.agreement import Agreement, Grant
from gateway.domain.decision import LegalBasis
from gateway.domain.treatments import Withhold

Direction = Literal["wider", "narrower", "different"]
Key = tuple[str, str, str, str]


@dataclass(frozen=True, order=True)
class Change:
    """One thing that is not as it was. `where` names provider, recipient, resource and purpose, as far as it is about them."""

    direction: Direction
    where: str
    what: str


def diff(old: Agreement, new: Agreement) -> tuple[Change, ...]:
    """Every change, the widening ones first; empty when both versions let out the same to the same people."""
    found = [*_terms(old, new), *_grants(old, new)]
    order: Mapping[Direction, int] = {"wider": 0, "narrower": 1, "different": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda change: (order[change.direction], change.where, change.what)))


def widens(changes: tuple[Change, ...]) -> bool:
    """Whether anything becomes visible that was not."""
    return any(change.direction == "wider" for change in changes)


def _terms(old: Agreement, new: Agreement) -> Iterator[Change]:
    place = f"agreement {new.id}"
    if old.term[0] != new.term[0]:
        yield Change("wider" if new.term[0] < old.term[0] else "narrower", place, f"begins {new.term[0]} instead of {old.term[0]}")
    if old.term[1] != new.term[1]:
        yield Change("wider" if new.term[1] > old.term[1] else "narrower", place, f"ends {new.term[1]} instead of {old.term[1]}")
    if old.timezone != new.timezone:
        yield Change("different", place, f"its days are counted in {new.timezone} instead of {old.timezone}")
    if old.minimum_cell_size != new.minimum_cell_size:
        direction: Direction = "wider" if new.minimum_cell_size < old.minimum_cell_size else "narrower"
        yield Change(direction, place, f"tables show counts from {new.minimum_cell_size} instead of {old.minimum_cell_size} on")
    yield from _redisclosure(old, new, place)
    for table in new.tables:
        if table not in old.tables:
            yield Change("wider", place, f"offers the table {table.name}: {table.resource} by {listed(list(table.dimensions))}")
    for table in old.tables:
        if table not in new.tables:
            yield Change("narrower", place, f"no longer offers the table {table.name} as it was")
    for party in new.parties.values():
        before = old.parties.get(party.id)
        if before is None:
            yield Change("different", place, f"has a new party: {party.name} ({party.id})")
        elif before != party:
            yield Change("different", place, f"says something else about {party.id}")
    for gone in old.parties.keys() - new.parties.keys():
        yield Change("different", place, f"is no longer signed by {gone}")
    for member in ("destruction", "renewal", "suspension", "breach_notice_hours", "title"):
        if old.document.get(member) != new.document.get(member):
            yield Change("different", place, f"says something else under {member}")


def _redisclosure(old: Agreement, new: Agreement, place: str) -> Iterator[Change]:
    before, after = old.redisclosure, new.redisclosure
    added = [name for name, why in after.additional_parties if (name, why) not in before.additional_parties]
    if after.allowed and (not before.allowed or added):
        yield Change("wider", place, f"lets the recipient pass records on to {listed(added or ['others'])}")
    elif before.allowed and before != after:
        yield Change("narrower", place, "lets the recipient pass records on to fewer parties, or to none")
    if before.notice != after.notice:
        yield Change("different", place, "has another redisclosure notice")


def _grants(old: Agreement, new: Agreement) -> Iterator[Change]:
    before, after = _by_purpose(old), _by_purpose(new)
    for key, grant in after.items():
        known = before.get(key)
        if known is None:
            seen = [f"{path} ({in_words(t)})" for path, t in grant.elements.items() if not isinstance(t, Withhold)]
            yield Change("wider", _where(key), f"becomes visible: {listed(seen)}")
        else:
            yield from _grant(known, grant, old, new, _where(key))
    for key in before.keys() - after.keys():
        yield Change("narrower", _where(key), "is no longer shared")


def _by_purpose(agreement: Agreement) -> dict[Key, Grant]:
    """Each grant under each of its purposes; the schedule is a heading, not something that a recipient can see by."""
    return {
        (grant.provider, grant.recipient, grant.resource, purpose): grant
        for grant in agreement.grants
        for purpose in grant.purposes
    }


def _where(key: Key) -> str:
    provider, recipient, resource, purpose = key
    return f"{provider} -> {recipient}, {resource}, for {purpose}"


def _grant(before: Grant, after: Grant, old: Agreement, new: Agreement, place: str) -> Iterator[Change]:
    lists = (old.code_lists, new.code_lists)
    for path in dict.fromkeys((*before.elements, *after.elements)):
        was, now = before.elements.get(path, Withhold()), after.elements.get(path, Withhold())
        if is_wider(was, now, *lists):
            yield Change("wider", place, f"{path} is seen {in_words(now)} instead of {in_words(was)}")
        elif is_wider(now, was, lists[1], lists[0]):
            yield Change("narrower", place, f"{path} is seen {in_words(now)} instead of {in_words(was)}")
    if before.rows != after.rows:
        said = f"rows: {_rows(after)} instead of {_rows(before)}"
        yield Change("wider" if scope_widens(before.rows, after.rows) else "narrower", place, said)
    if learnt := [path for path in after.discloses if path not in before.discloses]:
        yield Change("wider", place, f"being on the list tells {listed(learnt)}")
    for role in dict.fromkeys((*before.persons, *after.persons)):
        yield from _basis(role, before.persons.get(role), after.persons.get(role), place)
    if not after.persons and before.basis != after.basis:
        yield Change("different", place, f"stands on {basis_in_words(after.basis)} instead of {basis_in_words(before.basis)}")
    if before.change_feed != after.change_feed:
        yield Change(
            *(("wider", place, "may be asked for what changed") if after.change_feed else ("narrower", place, "has no change feed"))
        )
    yield from _limits(before, after, place)
    if before.formats != after.formats:
        yield Change("different", place, f"formats: {listed(list(after.formats))} instead of {listed(list(before.formats))}")


def _rows(grant: Grant) -> str:
    return "; and ".join(row_in_words(predicate) for predicate in grant.rows) or "all"


def _basis(role: str, before: LegalBasis | None, after: LegalBasis | None, place: str) -> Iterator[Change]:
    if before is None or after is None or before == after:
        return
    direction: Direction = "wider" if basis_widens(before, after) else "different"
    yield Change(direction, place, f"about the {role} it stands on {basis_in_words(after)} instead of {basis_in_words(before)}")


def _limits(before: Grant, after: Grant, place: str) -> Iterator[Change]:
    for what, was, now in (
        ("records a day", before.limits.rows_per_day, after.limits.rows_per_day),
        ("requests a minute", before.limits.requests_per_minute, after.limits.requests_per_minute),
    ):
        if was != now:
            raised = now is None or (was is not None and now > was)
            said = (
                f"{'any number of' if now is None else f'at most {now}'} {what} instead of {'any number' if was is None else was}"
            )
            yield Change("wider" if raised else "narrower", place, said)
