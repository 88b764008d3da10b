"""`AuditEvent` (to be written) -> `AuditEntry` (in the log) -> `Checkpoint` (signed size and root)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.domain.decision import Question
from gateway.domain.grant_use import GrantUse
from gateway.domain.identifiers import EntryId, InstitutionId


@dataclass(frozen=True)
class AuditEvent:
    """What happened, without any record value.

    `kind` is the operation (`disclosure`, `refusal`, `promotion`, `agreement`, `client`, `token`, `start`, ...);
    `leaf` holds the members of the leaf beside version, id and time: only text, lists of text and maps of these, counts
    and ids as text. `detail` is sealed beside the log under `detail_owner`'s register key and committed to in the leaf.
    `institutions` are those whose officers may see the entry.
    """

    kind: str
    leaf: Mapping[str, object]
    institutions: tuple[InstitutionId, ...] = ()
    detail: bytes | None = None
    detail_owner: InstitutionId | None = None
    state_epoch: int | None = None
    """The epoch the decision was made in; the append refuses when it has moved on (decision 9)."""
    use: GrantUse | None = None
    """What a disclosure uses of a grant with limits; the append counts it and refuses when a limit would be passed."""
    entry: EntryId | None = None
    """Set by a caller that needs the id before the append, for a receipt."""
    question: Question | None = None
    """What the decision was made from: stored with the entry, once however often it was asked."""


@dataclass(frozen=True)
class Checkpoint:
    """A signed size and root of one log; `note` is the C2SP signed note."""

    log_id: int
    size: int
    root: bytes
    note: str


@dataclass(frozen=True)
class AuditEntry:
    """An event in the log: `index` is its leaf index, `leaf` its RFC 8785 bytes, `checkpoint` covers it."""

    entry: EntryId
    index: int
    leaf: bytes
    checkpoint: Checkpoint = field(repr=False)
