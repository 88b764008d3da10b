"""Propose agreements: store each as a new version that every party can sign. A version never changes afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.agreements.lifecycle import LIVE, OPEN, Change, Registry, begin, step
from gateway.agreements.read_agreement import merged, read_source
from gateway.catalog.model import Catalog
from gateway.domain.agreement import Agreement
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.times import utc_text
from gateway.errors import AgreementError, FileErrors, RequestError
from gateway.store.agreements import StoredVersion, insert_version, stored_versions
from gateway.store.engine import Connection
from gateway.store.epoch import advance_epoch


@dataclass(frozen=True)
class Proposal:
    """A version that waits for signatures; `amends` is the one that it will replace; `changed` is False when it was
    proposed before."""

    agreement: AgreementId
    version: int
    digest: str
    parties: tuple[InstitutionId, ...]
    amends: int | None
    changed: bool


def propose(agreements: Sequence[Agreement], change: Change, registry: Registry) -> tuple[Proposal, ...]:
    """Store agreements read from one file as proposed versions, all or none of them.

    Raises `AgreementError` when one has an open version already, is in force as it is, or names other parties than before, and
    `RequestError` when the proposer is no party.
    """
    with registry.database.write() as connection:
        advance_epoch(connection)
        return tuple(_proposed(connection, found, change, registry) for found in agreements)


def read_proposed(text: str, file: str, catalog: Catalog) -> tuple[Agreement, ...]:
    """The agreements in the text of a file, to compare with what was proposed; whoever proposes them has them checked first.

    Raises `FileErrors` with every mistake.
    """
    readings = read_source(text, file, catalog)
    problems = merged(readings)
    agreements = tuple(reading.agreement for reading in readings if reading.agreement is not None)
    if problems or len(agreements) != len(readings):
        raise FileErrors(problems)
    return agreements


def chosen_of(agreements: Sequence[Agreement], only: Sequence[str]) -> tuple[Agreement, ...]:
    """Those of a file's agreements that have these ids; all without any. Raises `RequestError` for an id that the file lacks."""
    ids = {found.id for found in agreements}
    lacking = [name for name in only if name not in ids]
    if lacking:
        raise RequestError(f"The file has no agreement {', '.join(lacking)}. It has: {', '.join(sorted(ids))}.")
    return tuple(found for found in agreements if not only or found.id in only)


def store_version(connection: Connection, proposed: Agreement, change: Change, registry: Registry) -> StoredVersion:
    """Store a file's agreement as a new version and propose it, in the caller's transaction."""
    number = insert_version(connection, proposed, utc_text(registry.clock()))
    stored = StoredVersion(number, proposed.digest, tuple(sorted(proposed.parties)), "draft")
    begin(connection, proposed.id, stored, change, registry)
    return step(connection, proposed.id, stored, "propose", change, registry)


def assert_same_parties(proposed: Agreement, before: Sequence[StoredVersion]) -> None:
    """An id belongs to its parties for good: others could end an agreement by replacing it. Raises `AgreementError`."""
    if before and before[-1].parties != tuple(sorted(proposed.parties)):
        raise AgreementError(f"{proposed.id} cannot be used: it is not an agreement of exactly these parties. Choose another id.")


def _proposed(connection: Connection, proposed: Agreement, change: Change, registry: Registry) -> Proposal:
    proposer = change.actor.institution
    if proposer is not None and proposer not in proposed.parties:
        raise RequestError(f"{proposer} is no party of {proposed.id}. An institution proposes its own agreements only.")
    before = stored_versions(connection, proposed.id)
    assert_same_parties(proposed, before)
    parties = tuple(sorted(proposed.parties))
    live = next((version for version in before if version.state in LIVE), None)
    if live is not None and live.digest == proposed.digest:
        raise AgreementError(f"{proposed.id} version {live.version} is this file and {live.state.replace('_', ' ')} already.")
    amends = None if live is None else live.version
    waiting = next((version for version in before if version.state in OPEN), None)
    if waiting is None:
        stored = store_version(connection, proposed, change, registry)
        return Proposal(proposed.id, stored.version, stored.digest, parties, amends, changed=True)
    if waiting.digest != proposed.digest:
        raise AgreementError(
            f"{proposed.id} version {waiting.version} is {waiting.state} with another digest.\n  it is:       {waiting.digest}\n"
            f"  the file is: {proposed.digest}\nWithdraw version {waiting.version} before you propose another."
        )
    return Proposal(proposed.id, waiting.version, waiting.digest, parties, amends, changed=False)
