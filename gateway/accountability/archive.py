"""Export the log in signed segments, to be kept and verified where there is no database; what is there stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.accountability.segments import Segment, file_digest, note_name, read_note, segment_name, write_segment, write_whole
from gateway.accountability.verify import Tell, nobody
from gateway.audit import AuditLog
from gateway.domain.auditing import AuditEntry, AuditEvent, Checkpoint
from gateway.errors import IntegrityError, RequestError, Unavailable
from gateway.store.audit_log import read_keys
from gateway.store.audit_rows import LoggedEntry, read_logs, read_range
from gateway.store.engine import Database
from gateway.tlog.key_chain import KeyChain, read_chain
from gateway.tlog.merkle import root
from gateway.tlog.note import Signer
from gateway.tlog.rebuild import Rebuilt

SMALLEST, USUAL, LARGEST = 16, 16_384, 1 << 20
PART = 1_024


@dataclass(frozen=True)
class ArchiveDesk:
    """`keys` are the gateway's for logs, newest first; `actor` is told on the log."""

    database: Database
    log: AuditLog
    keys: Sequence[Ed25519PrivateKey]
    actor: str

    def signer(self, chain: KeyChain) -> Signer:
        """By the newest key that the log has had and the gateway still has."""
        known = {key.verifier.key.public_bytes_raw() for key in chain.keys}
        return next(Signer(chain.origin, key) for key in self.keys if key.public_key().public_bytes_raw() in known)


@dataclass(frozen=True)
class Archived:
    """How many entries the archive holds now, how many segments of them were written this time, and the entry that says so."""

    entries: int
    written: int
    entry: AuditEntry


def archive(folder: Path, per_segment: int, desk: ArchiveDesk, tell: Tell = nobody) -> Archived:
    """Export every log up to an entry that says that it is exported. Cut short, it goes on where it was when it is done again.

    `per_segment` is a power of two, the same for all of an archive. Raises `RequestError` where it is not, `IntegrityError` when
    the log does not hold, `Unavailable` when the folder cannot be written.
    """
    if per_segment & (per_segment - 1) or not SMALLEST <= per_segment <= LARGEST:
        raise RequestError(f"--entries takes a power of two from {SMALLEST} to {LARGEST}.")
    leaf = {"actor": desk.actor, "operation": "begun", "per_segment": str(per_segment)}
    begun = desk.log.append(AuditEvent(kind="archive", leaf=leaf)).checkpoint
    with desk.database.read() as connection:
        logs = read_logs(connection)
        trusted = [key.public_key().public_bytes_raw() for key in desk.keys]
        chains = {log.log_id: read_chain(log.log_id, log.origin, read_keys(connection, log.log_id), trusted) for log in logs}
    total, done, written = sum(log.head.size for log in logs), 0, 0
    for log in logs:
        chain = chains[log.log_id]
        upto = begun if log.log_id == begun.log_id else chain.open_checkpoint(log.head.note)
        for count, new in _one_log(folder / f"log-{log.log_id}", log.log_id, chain, upto, per_segment, desk):
            done, written = done + count, written + new
            tell(done, total)
    told = {"operation": "archived", "entries": str(done), "segments_written": str(written), "root": begun.root.hex()}
    entry = desk.log.append(AuditEvent(kind="archive", leaf={"actor": desk.actor, **told}))
    return Archived(done, written, entry)


def _one_log(
    folder: Path, log_id: int, chain: KeyChain, upto: Checkpoint, per_segment: int, desk: ArchiveDesk
) -> Iterator[tuple[int, bool]]:
    """Yields of each segment how many entries it has and whether it was written now; the checkpoint comes last."""
    try:
        (folder / "keys").mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise Unavailable(f"{folder.parent.name} is no folder that can be written.") from why
    _assert_same_size(folder, per_segment)
    for key in chain.keys:
        write_whole(folder / "keys" / str(key.generation), key.note)
    whole, frontier = Rebuilt(), list[bytes]()
    for first in range(0, upto.size, per_segment):
        count = min(per_segment, upto.size - first)
        found = _found(folder, first, count, chain)
        segment = found or write_segment(folder, first, _parts(desk.database, log_id, first, count), desk.signer(chain))
        if segment.count != count:
            raise IntegrityError(f"Entry {first + segment.count} of log {log_id} is missing.")
        if count == per_segment:
            whole.take([segment.root])
        else:
            frontier = [segment.root]
        yield count, found is None
    if root((*whole.frontier, *frontier)) != upto.root:
        raise IntegrityError(f"The entries of log {log_id} are not those of its checkpoint. Run: gateway audit verify")
    write_whole(folder / "checkpoint", upto.note)
    _remove_superseded(folder, upto.size, per_segment)


def _found(folder: Path, first: int, count: int, chain: KeyChain) -> Segment | None:
    segment = read_note(folder, first, count, chain)
    file = folder / segment_name(first, count)
    return segment if segment is not None and file.is_file() and file_digest(file) == segment.digest else None


def _parts(database: Database, log_id: int, first: int, count: int) -> Iterator[Sequence[LoggedEntry]]:
    for low in range(first, first + count, PART):
        with database.read() as connection:
            yield read_range(connection, log_id, low, min(low + PART, first + count))


def _assert_same_size(folder: Path, per_segment: int) -> None:
    """A first segment of another size that something follows tells that the archive was begun in another way."""
    firsts = sorted({int(name.name.partition("-")[0]) for name in folder.glob("*.note")})
    if len(firsts) > 1 and firsts[1] != per_segment:
        raise RequestError(f"This archive is in segments of {firsts[1]} entries. Go on with: --entries {firsts[1]}")


def _remove_superseded(folder: Path, size: int, per_segment: int) -> None:
    """The shorter ones that a segment had before it was full."""
    expected = {
        name(first, min(per_segment, size - first)) for first in range(0, size, per_segment) for name in (segment_name, note_name)
    }
    for file in [*folder.glob("*.note"), *folder.glob("*.jsonl.gz"), *folder.glob("*.new")]:
        if file.name not in expected:
            file.unlink()
