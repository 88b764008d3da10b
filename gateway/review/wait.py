"""Which texts wait: made anew from the records each time, so that the queue is never behind them, and nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import orjson

from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.text_review import Outcome, TextDecision, TextKey
from gateway.errors import RequestError
from gateway.know_people import PeopleRead
from gateway.redact.text import KnownPeople, redact_text, standing
from gateway.review.desk import DEED, ReviewDesk
from gateway.steward import Steward, assert_steward
from gateway.store.agreements import redacted_elements
from gateway.store.engine import Connection
from gateway.store.sealed import SealedBlobs, promoted, sealed_blobs
from gateway.store.text_decisions import decisions
from gateway.words import read_words


@dataclass(frozen=True)
class WaitingText:
    """A text that the redaction is not certain of: `id` is what people call it, `redacted` what a partner would see of it,
    `outcome` what a steward decided about exactly this, None where nothing."""

    id: str
    resource: ResourceName
    element: ElementPath
    source: str = field(repr=False)
    redacted: str = field(repr=False)
    outcome: Outcome | None
    decision: TextDecision = field(repr=False)


@dataclass(frozen=True)
class _Snapshot:
    """What one read gave: who is known, and for each resource its blobs, what is redacted of it, and what was decided."""

    people: PeopleRead
    resources: tuple[tuple[ResourceName, frozenset[ElementPath], tuple[SealedBlobs, ...], Mapping[TextKey, TextDecision]], ...]


def waiting_texts(reviewer: Steward, desk: ReviewDesk, only: ResourceName | None = None) -> list[WaitingText]:
    """Every text of the provider that an agreement in force shows redacted and that the redaction is not certain of, by resource
    and record; decided ones too. The look has its entry first.

    Raises `RequestError` for who is no steward, and where it is not known who is named in the provider's records.
    """
    with desk.database.read() as connection:
        assert_steward(connection, reviewer, DEED)
        snapshot = _read(connection, reviewer, desk, only)
    known = desk.people.index(snapshot.people, partial(desk.unseal, reviewer.provider))
    if known is None:
        raise RequestError(
            f"It is not known who is named in the records of {reviewer.provider}, so that every text is withheld: "
            "sync its people first."
        )
    found = list(_uncertain(snapshot, known, reviewer, desk))
    desk.log.append(_looked(reviewer, found))
    return found


def _read(connection: Connection, reviewer: Steward, desk: ReviewDesk, only: ResourceName | None) -> _Snapshot:
    provider = reviewer.provider
    redacted = {name: paths for name, paths in redacted_elements(connection, provider).items() if only is None or name == only}
    heads = promoted(connection, provider, redacted)
    resources = []
    for name in sorted(heads):
        collections = {path.partition(".")[0] for path in redacted[name]} & desk.tables[name].members.keys()
        blobs = sealed_blobs(connection, desk.tables[name], provider, heads[name].version, collections)
        resources.append((name, redacted[name], tuple(blobs), decisions(connection, provider, name)))
    return _Snapshot(desk.people.read(provider, connection), tuple(resources))


def _uncertain(snapshot: _Snapshot, known: KnownPeople, reviewer: Steward, desk: ReviewDesk) -> Iterator[WaitingText]:
    words = read_words()
    for name, paths, every_blob, decided in snapshot.resources:
        digests = desk.digests(reviewer.provider, name)
        for blobs in every_blob:
            for (path, place), text in _texts(blobs, paths, reviewer, desk):
                found = redact_text(text, known, words)
                if found.certain:
                    continue
                source, redacted = digests.of(path, place, text), digests.of(path, place, found.text)
                outcome = standing(decided, digests, (path, place), text, found.text)
                decision = TextDecision(name, (path, place), source, redacted, "withheld")
                yield WaitingText(digests.review_id(source, redacted), name, path, text, found.text, outcome, decision)


def _texts(blobs: SealedBlobs, paths: frozenset[ElementPath], reviewer: Steward, desk: ReviewDesk) -> Iterator[tuple[TextKey, str]]:
    opened = desk.unseal(reviewer.provider, blobs.resource, blobs.collection, blobs.sealed, blobs.places)
    for place, content in zip(blobs.places, opened, strict=True):
        if content is not None:
            values: Mapping[str, object] = orjson.loads(content)
            for path in sorted(paths & values.keys()):
                yield (path, place), str(values[path])


def _looked(reviewer: Steward, found: list[WaitingText]) -> AuditEvent:
    leaf: dict[str, object] = {
        "provider": reviewer.provider,
        "operation": "look",
        "texts": str(len(found)),
        "steward": reviewer.named,
        "actor": reviewer.actor,
    }
    return AuditEvent(kind="text_review", leaf=leaf, institutions=(reviewer.provider,))
