"""Which records are likely about one person: made anew from the records each time, and nothing of it is stored.

A source that names the person settles it itself (a state's number, a person reference), at every sync. What is left are records of
the same name and birth date, or of the same e-mail address, that no source connects. That is likely and not certain, so it waits
for a steward.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import orjson

from gateway.catalog.model import Resource
from gateway.domain.auditing import AuditEvent
from gateway.domain.identifiers import PersonId, RecordId, ResourceName
from gateway.keys.seal import Sealer
from gateway.resolution.desk import DEED, ResolutionDesk
from gateway.steward import Steward, assert_steward
from gateway.store.engine import Connection
from gateway.store.people import PersonRow, judged_pairs, person_rows
from gateway.store.sealed import SealedBlobs, promoted, sealed_blobs

MOST_ALIKE = 10
"""More records that are alike say that something else is wrong, a test account or a shared address: they make no pairs."""
MAILS = "electronicMails"
Opened = Mapping[str, object]


@dataclass(frozen=True, repr=False)
class Somebody:
    """One record of a person, as the provider's steward knows them: `named` is its natural key, `names` the
    surrogates of what it names, itself and by reference, by key space."""

    person: PersonId
    source_key: bytes
    resource: ResourceName
    named: str
    name: str
    born: str
    mails: frozenset[str]
    names: Mapping[ResourceName, RecordId]


@dataclass(frozen=True, repr=False)
class LikelyPair:
    """Two records that no source says to be one person's; `id` is what people call the pair, `digest` what a judgement is stored
    by, `why` which rules they meet."""

    id: str
    digest: bytes
    left: Somebody
    right: Somebody
    why: tuple[str, ...]


def likely_pairs(reviewer: Steward, desk: ResolutionDesk) -> list[LikelyPair]:
    """Every pair that waits, by its id. The look has its entry first. Raises `RequestError` for who is no steward."""
    with desk.database.read() as connection:
        assert_steward(connection, reviewer, DEED)
        found = _waiting(connection, reviewer, desk)
    leaf: dict[str, object] = {"provider": reviewer.provider, "operation": "look", "pairs": str(len(found))}
    told = {"steward": reviewer.named, "actor": reviewer.actor}
    desk.log.append(AuditEvent(kind="person_review", leaf=leaf | told, institutions=(reviewer.provider,)))
    return found


def find_pair(connection: Connection, id_: str, reviewer: Steward, desk: ResolutionDesk) -> LikelyPair | None:
    """The pair that waits under an id, in the caller's snapshot."""
    return next((pair for pair in _waiting(connection, reviewer, desk) if pair.id == id_), None)


def _waiting(connection: Connection, reviewer: Steward, desk: ResolutionDesk) -> list[LikelyPair]:
    secret = desk.ring.provider(reviewer.provider).source.secret
    judged = judged_pairs(connection, reviewer.provider)
    alike: defaultdict[tuple[str, str], list[Somebody]] = defaultdict(list)
    for somebody in everybody(connection, reviewer, desk):
        for rule, text in _marks(somebody):
            alike[rule, text].append(somebody)
    met: dict[bytes, tuple[Somebody, Somebody, list[str]]] = {}
    for (rule, _), people in alike.items():
        if len(people) > MOST_ALIKE:
            continue
        for left, right in combinations(sorted(people, key=lambda one: one.source_key), 2):
            if left.person != right.person:
                digest = hmac.digest(secret, b"pair|" + left.source_key + right.source_key, "sha256")
                met.setdefault(digest, (left, right, []))[2].append(rule)
    pairs = (LikelyPair(digest.hex()[:12], digest, left, right, tuple(why)) for digest, (left, right, why) in met.items())
    return sorted((pair for pair in pairs if pair.digest not in judged), key=lambda pair: pair.id)


def _marks(somebody: Somebody) -> Iterator[tuple[str, str]]:
    both = same_name_and_birth(somebody.name, somebody.born)
    if both:
        yield "same name and birth date", both
    for mail in somebody.mails:
        yield "same e-mail address", mail.casefold()


def same_name_and_birth(name: str, born: str) -> str | None:
    """What two records have alike that are of one name and birth date; None where either is missing."""
    return f"{_folded(name)}|{born}" if name and born else None


def _folded(name: str) -> str:
    """A name without what systems write differently: case, accents, spaces and hyphens."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def everybody(connection: Connection, reviewer: Steward, desk: ResolutionDesk) -> Iterator[Somebody]:
    """Every record that is a person's, as readers of the newest version would see all of it."""
    own = desk.catalog.person_resources()
    for name, head in promoted(connection, reviewer.provider, own).items():
        resource, tables, version = own[name], desk.tables[name], head.version
        rows = {row.record: row for row in person_rows(connection, tables, reviewer.provider, version)}
        with_mails = {MAILS} & tables.members.keys()
        blobs = {part.collection: part for part in sealed_blobs(connection, tables, reviewer.provider, version, with_mails)}
        mails: defaultdict[int, set[str]] = defaultdict(set)
        for place, opened in _opened(blobs.get(MAILS), reviewer, desk, resource):
            mails[place[0]].add(str(opened.get(f"{MAILS}.electronicMailAddress") or ""))
        for place, opened in _opened(blobs[None], reviewer, desk, resource):
            yield _somebody(resource, rows[place[0]], opened, mails[place[0]])


def _opened(
    blobs: SealedBlobs | None, reviewer: Steward, desk: ResolutionDesk, resource: Resource
) -> Iterator[tuple[tuple[int, ...], Opened]]:
    if blobs is None:
        return
    tables = desk.tables[resource.name]
    table = tables.rows if blobs.collection is None else tables.members[blobs.collection]
    unsealed = desk.ring.opened(
        reviewer.provider, lambda keys: Sealer(keys.data, table.name).unseal_each(blobs.sealed, reviewer.provider, blobs.places)
    )
    for place, content in zip(blobs.places, unsealed, strict=True):
        yield place, ({} if content is None else orjson.loads(content))


def _somebody(resource: Resource, row: PersonRow, opened: Opened, mails: set[str]) -> Somebody:
    def said(path: str) -> str:
        value = opened.get(path, row.plain.get(path))
        return "" if value is None else str(value)

    name = " ".join(text for text in (said("firstName"), said("lastSurname")) if text)
    named = ", ".join(said(path) for path in resource.identity)
    return Somebody(row.person, row.source_key, resource.name, named, name, said("birthDate"), frozenset(mails - {""}), row.names)
