"""One segment of an archived log: a file of entries and the signed note that stands for it (README.md says the format)."""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from gateway.errors import IntegrityError, Unavailable
from gateway.store.audit_rows import LoggedEntry
from gateway.tlog.key_chain import KeyChain, open_strictly
from gateway.tlog.merkle import leaf_hash
from gateway.tlog.note import Signer
from gateway.tlog.rebuild import Rebuilt

FORMAT = "gateway-audit-segment/v1"
LINES = 7
DIGITS = 12
READ_BYTES = 1 << 20
LONGEST_LINE = 1 << 26
FASTEST = 1
MEMBERS = {"entry", "index", "institutions", "leaf"}


@dataclass(frozen=True)
class Segment:
    """Entries [first, first + count) of a log; `root` is over their leaves alone, `digest` the SHA-256 of the file."""

    first: int
    count: int
    root: bytes
    digest: str


def segment_name(first: int, count: int) -> str:
    """Of the file; its note ends in `.note` instead."""
    return f"{first:0{DIGITS}}-{count:0{DIGITS}}.jsonl.gz"


def note_name(first: int, count: int) -> str:
    return f"{first:0{DIGITS}}-{count:0{DIGITS}}.note"


def write_segment(folder: Path, first: int, parts: Iterable[Sequence[LoggedEntry]], signer: Signer) -> Segment:
    """Write the file and then its note, each whole or not at all. Raises `IntegrityError` where an entry is not its hash's."""
    tree, partial = Rebuilt(), folder / f"{first:0{DIGITS}}.new"
    with _opened(partial) as raw, gzip.GzipFile(filename="", mode="wb", compresslevel=FASTEST, fileobj=raw, mtime=0) as packed:
        for entries in parts:
            packed.write(b"".join(_line(entry) for entry in entries))
            tree.take([entry.leaf_hash for entry in entries])
    segment = Segment(first, tree.size, tree.root, file_digest(partial))
    put(partial, folder / segment_name(first, segment.count))
    write_whole(folder / note_name(first, segment.count), signer.sign(_text(segment, signer.verifier.name)))
    return segment


def read_note(folder: Path, first: int, count: int, chain: KeyChain) -> Segment | None:
    """What a segment's note says; None where there is none. Raises `IntegrityError` when it is not the log's."""
    file = folder / note_name(first, count)
    if not file.is_file():
        return None
    text, _ = open_strictly(read_text(file), [key.verifier for key in chain.keys])
    lines = text.split("\n")
    if len(lines) != LINES:
        raise IntegrityError(f"{file.name} is not the note of a segment.")
    segment = Segment(first, count, _bytes_of(lines[4], file), lines[5])
    if text != _text(segment, chain.origin):
        raise IntegrityError(f"{file.name} is the note of another segment.")
    return segment


def read_segment(folder: Path, segment: Segment, at_once: int) -> Iterator[list[LoggedEntry]]:
    """The entries, in parts. Raises `IntegrityError` at the first that is not as the note says."""
    file = folder / segment_name(segment.first, segment.count)
    if not file.is_file():
        raise IntegrityError(f"{file.name} is missing.")
    if file_digest(file) != segment.digest:
        raise IntegrityError(f"{file.name} is not the file that its note was signed for.")
    part: list[LoggedEntry] = []
    try:
        with gzip.open(file, "rb") as lines:
            for index in range(segment.first, segment.first + segment.count):
                part.append(_entry(lines.readline(LONGEST_LINE), index))
                if len(part) == at_once:
                    yield part
                    part = []
            if lines.readline(1):
                raise IntegrityError(f"{file.name} has more entries than its note says.")
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, binascii.Error) as why:
        raise IntegrityError(f"{file.name} cannot be read.") from why
    if part:
        yield part


def file_digest(file: Path) -> str:
    """SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while part := opened.read(READ_BYTES):
            digest.update(part)
    return digest.hexdigest()


def read_text(file: Path) -> str:
    """Raises `IntegrityError` when it is not there or no text."""
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as why:
        raise IntegrityError(f"{file.name} is missing, or is not text.") from why


def write_whole(file: Path, text: str) -> None:
    """All of it or nothing, and on the disk when this returns."""
    partial = file.with_name(f"{file.name}.new")
    with _opened(partial) as opened:
        opened.write(text.encode())
    put(partial, file)


def put(partial: Path, file: Path) -> None:
    """Give a file that is written its name, durably. Raises `Unavailable` when the disk does not take it."""
    for made in (lambda: _sync(partial), lambda: partial.replace(file), lambda: _sync(file.parent)):
        _or_unavailable(made)


def _opened(file: Path) -> IO[bytes]:
    try:
        return file.open("wb")
    except OSError as why:
        raise Unavailable(f"{file.parent.name} cannot be written; nothing that was archived before is lost.") from why


def _or_unavailable(made: Callable[[], object]) -> None:
    try:
        made()
    except OSError as why:
        raise Unavailable("The archive's folder cannot be written; run the same command again once it can.") from why


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _text(segment: Segment, origin: str) -> str:
    root = base64.b64encode(segment.root).decode()
    lines = (origin, FORMAT, str(segment.first), str(segment.count), root, segment.digest)
    return "".join(f"{line}\n" for line in lines)


def _bytes_of(text: str, file: Path) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as why:
        raise IntegrityError(f"{file.name} is not the note of a segment.") from why


def _line(entry: LoggedEntry) -> bytes:
    if leaf_hash(entry.leaf) != entry.leaf_hash:
        raise IntegrityError(f"Entry {entry.index} ({entry.entry}) was changed: it is not archived. Run: gateway audit verify")
    members: dict[str, object] = {
        "entry": entry.entry,
        "index": str(entry.index),
        "institutions": orjson.loads(entry.leaf)["institutions"],
        "leaf": entry.leaf.decode(),
    }
    if entry.ciphertext is not None:
        members["detail"] = {"key": entry.key_id, "sealed": base64.b64encode(entry.ciphertext).decode()}
    return orjson.dumps(members, option=orjson.OPT_SORT_KEYS) + b"\n"


def _entry(line: bytes, index: int) -> LoggedEntry:
    members = orjson.loads(line)
    detail = members.get("detail")
    leaf = members["leaf"].encode()
    stated = orjson.loads(leaf)
    if members.keys() - {"detail"} != MEMBERS or members["index"] != str(index) or members["entry"] != stated["id"]:
        raise IntegrityError(f"Entry {index} of the archive stands in another place or under another id than its leaf's.")
    if members["institutions"] != stated["institutions"]:
        raise IntegrityError(f"Entry {index} of the archive is shown to other institutions than its leaf says.")
    if detail is not None and "detail" not in stated:
        raise IntegrityError(f"Entry {index} of the archive has a sealed detail that its leaf does not commit to.")
    key_id, sealed = (None, None) if detail is None else (detail["key"], base64.b64decode(detail["sealed"], validate=True))
    return LoggedEntry(index, members["entry"], leaf, leaf_hash(leaf), key_id, sealed)
