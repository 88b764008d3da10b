"""Put an agreement in force: the version that every party signed or, by an operator's own statement, a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from gateway.agreements.lifecycle import LIVE, OPEN, Change, Registry, by_operator, chosen, step
from gateway.agreements.propose import assert_same_parties, store_version
from gateway.agreements.recheck import assert_signed
from gateway.agreements.record_signature import record_signature, stored_text
from gateway.domain.agreement import Agreement
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Signature
from gateway.domain.times import utc_text
from gateway.errors import AgreementError
from gateway.store.agreements import StoredVersion, stored_versions
from gateway.store.engine import Connection
from gateway.store.epoch import advance_epoch, lock_epoch
from gateway.store.signatures import operated_by, providers_of, signatures_of


@dataclass(frozen=True)
class Activation:
    """`version` is the one in force now; `changed` is False when it already was. `superseded` is the one that ended with it, and
    `providers` are those whose sources are to be pulled again."""

    version: int
    changed: bool
    superseded: int | None = None
    providers: tuple[InstitutionId, ...] = ()


def activate(agreement: Agreement, actor: str, registry: Registry) -> Activation:
    """Walk a file through draft, proposed and signed into force, the operator stating for each party that it signed.

    The version in force before ends with it. Raises `AgreementError` when that one is suspended, since a new version must not
    undo a suspension in passing, and when the parties are signing a version: an operator's word does not overtake theirs.
    """
    change = by_operator(actor)
    with registry.database.write() as connection:
        advance_epoch(connection)
        before = stored_versions(connection, agreement.id)
        assert_same_parties(agreement, before)
        _assert_not_suspended(agreement.id, before)
        live = next((version for version in before if version.state in LIVE), None)
        if live is not None and live.digest == agreement.digest:
            return Activation(live.version, changed=False)
        _assert_nothing_open(agreement, before)
        _assert_operator_signs(connection, agreement.id, before)
        version = store_version(connection, agreement, change, registry)
        for party in version.parties:
            at = utc_text(registry.clock())
            signature = Signature(party, "operator", actor, agreement.digest, None, {}, at)
            record_signature(connection, agreement.id, version, signature, change, registry)
        return _in_force(connection, agreement.id, stored_versions(connection, agreement.id)[-1], live, change, registry)


def activate_signed(agreement: AgreementId, change: Change, registry: Registry, number: int | None = None) -> Activation:
    """Put the signed version of an agreement in force; every signature is verified again first.

    Raises `AgreementError` when no version is signed, its term is over, or the one before is suspended.
    """
    with registry.database.write() as connection:
        lock_epoch(connection)
        versions = stored_versions(connection, agreement)
        version = chosen(agreement, "activate", versions, number)
        content = stored_text(connection, agreement, version).document
        today, last = last_day(content, registry)
        if last < today:
            raise AgreementError(
                f"The term of {agreement} version {version.version} ended on {last}. Propose a version with another."
            )
        _assert_not_suspended(agreement, versions)
        assert_signed(connection, agreement, version.version)
        live = next((known for known in versions if known.state in LIVE), None)
        return _in_force(connection, agreement, version, live, change, registry)


def last_day(content: Mapping[str, object], registry: Registry) -> tuple[date, date]:
    """The day it is in an agreement's time zone, and the last day of its term."""
    term = content["term"]
    until = term["until"] if isinstance(term, Mapping) else ""
    today = registry.clock().astimezone(ZoneInfo(str(content["timezone"]))).date()
    return today, date.fromisoformat(str(until))


def _in_force(
    connection: Connection,
    agreement: AgreementId,
    version: StoredVersion,
    live: StoredVersion | None,
    change: Change,
    registry: Registry,
) -> Activation:
    at = utc_text(registry.clock())  # one time for both, which is how the history tells a replacement from an end
    if live is not None:
        step(connection, agreement, live, "supersede", change, registry, at=at, superseded_by=str(version.version))
    step(connection, agreement, version, "activate", change, registry, at=at)
    providers = tuple(providers_of(connection, agreement, version.version))
    for provider in providers:
        registry.ring.create_provider_keys(connection, provider, at)
        registry.ring.create_agreement_keys(connection, agreement, provider, at)
    pulled = (*providers, *operated_by(connection, agreement, version.version))
    return Activation(version.version, changed=True, superseded=None if live is None else live.version, providers=pulled)


def _assert_not_suspended(agreement: AgreementId, versions: Sequence[StoredVersion]) -> None:
    if any(version.state == "suspended" for version in versions):
        raise AgreementError(f"{agreement} is suspended. Resume or terminate it before a new version comes into force.")


def _assert_operator_signs(connection: Connection, agreement: AgreementId, versions: Sequence[StoredVersion]) -> None:
    """Where parties have signed for themselves, an operator's word cannot replace or revive what they signed."""
    for version in versions:
        if any(signature.method != "operator" for signature in signatures_of(connection, agreement, version.version)):
            raise AgreementError(
                f"The parties sign {agreement} themselves. Propose the file, and activate its id once they signed."
            )


def _assert_nothing_open(agreement: Agreement, versions: Sequence[StoredVersion]) -> None:
    waiting = next((version for version in versions if version.state in OPEN), None)
    if waiting is None:
        return
    same = "this file" if waiting.digest == agreement.digest else "another text"
    raise AgreementError(
        f"{agreement.id} version {waiting.version} is {waiting.state} with {same}.\n  it is:       {waiting.digest}\n"
        f"  the file is: {agreement.digest}\nActivate it by its id once it is signed, or withdraw it before you state signatures."
    )
