"""What a disclosure needs from outside itself, and how far a request came: the vocabulary of the use cases that let records out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from gateway.audit import AuditLog
from gateway.authenticate import TokenVerifier
from gateway.catalog.model import Catalog
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.auditing import AuditEntry
from gateway.domain.decision import Decision, Permit, Question
from gateway.domain.identifiers import ElementPath, EntryId, InstitutionId, ResourceName
from gateway.domain.query_plan import QueryPlan
from gateway.domain.rosters import RosterKey
from gateway.domain.rows import Body, OwnIds, Rows
from gateway.domain.times import utc_text
from gateway.keys.blind_index import BlindIndex
from gateway.keys.cursors import Cursors
from gateway.keys.own_ids import OwnIdSealer
from gateway.keys.pseudonym import Pseudonyms
from gateway.keys.seal import Sealer
from gateway.keys.text_digests import TextDigests
from gateway.know_people import Acquaintances
from gateway.narrow import Keyed
from gateway.pdp.engine import Pdp
from gateway.redact import Opener, OwnIdOpener, Place
from gateway.redact.text import TextRedactor, cleared_by, text_redactor, withhold_text
from gateway.remember import Memory, Standing
from gateway.store.engine import Connection, Database
from gateway.store.key_ring import KeyRing
from gateway.store.record_tables import RecordTables
from gateway.store.text_decisions import decisions
from gateway.words import read_words


@dataclass(frozen=True)
class Gate:
    """What a disclosure needs from outside itself; made once by the composition root.

    `modules` are the state-law modules that are switched on; in `spool_folder` waits what is longer than a page; `clock` gives the
    UTC time, `random_bytes` that many unpredictable bytes.
    """

    catalog: Catalog
    tables: Mapping[ResourceName, RecordTables]
    database: Database
    ring: KeyRing
    pdp: Pdp
    modules: tuple[str, ...]
    log: AuditLog
    verifier: TokenVerifier
    memory: Memory
    people: Acquaintances
    cursors: Cursors
    spool_folder: Path
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]

    def keyed(self, standing: Standing) -> Keyed:
        """The pseudonyms of the permit's agreement, those before them for as long as both count, and the blind index by which
        shared identifiers are compared."""
        permit, now = standing.permit, utc_text(self.clock())
        current, *older = self.ring.agreement(permit.agreement, permit.provider, epoch=standing.facts.epoch).pseudonyms
        known = [made.key.secret for made in older if made.until is None or now < made.until]
        index = BlindIndex(self.ring.provider(permit.provider).index.secret, permit.resource)
        return Keyed(Pseudonyms(current.key.secret, known), index)

    def opener(self, permit: Permit) -> Opener:
        """Opens what is sealed of the permit's resource."""
        return partial(self.open_sealed, permit.provider, permit.resource)

    def own_ids(self, permit: Permit) -> OwnIdOpener:
        """Opens the recipient's own ids, from the roster that stands under the permit's schedule."""

        def opened(key_space: str, found: OwnIds) -> Sequence[str | None]:
            roster = RosterKey(permit.agreement, permit.schedule, permit.provider, ResourceName(key_space))
            return self.ring.opened(
                permit.provider, lambda keys: OwnIdSealer(keys.data, roster).unseal_each(found.sealed, found.records)
            )

        return opened

    def texts(self, permit: Permit, plan: QueryPlan, rows: Rows, connection: Connection) -> TextRedactor:
        """Redacts the free text of rows by who is known in the snapshot that they were read from, and by what its steward decided.

        It reads at once, and makes its index when the first text is redacted, so that no snapshot waits for that.
        """
        if not plan.redacted or not rows.records:
            return withhold_text
        people = self.people.read(permit.provider, connection)
        decided = decisions(connection, permit.provider, permit.resource, (min(rows.records), max(rows.records)))

        def redacted(path: ElementPath, texts: Sequence[object], places: Iterable[Place]) -> Sequence[str | None]:
            known = self.people.index(people, partial(self.open_sealed, permit.provider))
            digests = TextDigests(self.ring.provider(permit.provider).source.secret, permit.resource)
            return text_redactor(known, read_words(), cleared_by(decided, digests))(path, texts, places)

        return redacted

    def open_sealed(
        self,
        provider: InstitutionId,
        resource: ResourceName,
        collection: str | None,
        sealed: Sequence[bytes | None],
        places: Iterable[Place],
    ) -> Iterable[bytes | None]:
        """JSON of the sealed elements by path, of blobs of one table of a provider's and the place of each."""
        tables = self.tables[resource]
        table = tables.rows if collection is None else tables.members[collection]
        where = list(places)
        return self.ring.opened(provider, lambda keys: Sealer(keys.data, table.name).unseal_each(sealed, provider, where))


Operation = Literal["read", "head", "not_modified", "feed", "export", "roster", "look"]
"""`roster` and `look` are of a finder file: whom the provider is asked about, and whom its steward looks at."""


@dataclass(frozen=True)
class Disclosure:
    """One answered request: its entry, the exact bytes and the salt of their commitment (decision 19).

    `bound` says that the answer may not be redisclosed (99.33(d)); its body holds the notice. `tag` stands for the bytes; of a
    `head` and of what the client has already (`not_modified`) they are not sent. `version` is what `as_of` takes to read the same
    version of the records again; None for a frozen release. A feed has neither. `beside` are the
    entries of what was expanded.
    """

    entry: AuditEntry
    body: Body
    salt: bytes
    bound: bool
    operation: Operation
    tag: str | None = None
    version: str | None = None
    beside: tuple[EntryId, ...] = ()


@dataclass
class Trail:
    """How far a request came before its entry: who asks, what was asked of the policy, and what it decided. The purpose of
    `request` is the client's default where it named none, once the client is known."""

    request: AccessRequest
    principal: Principal | None = None
    question: Question | None = None
    decision: Decision | None = None
