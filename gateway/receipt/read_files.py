"""Read what a partner kept: the headers of an answer, the proof of its entry, checkpoints, the proof that the log only grew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.receipt.failures import Unreadable
from gateway.receipt.note import Key, read_key
from gateway.receipt.text import HASH_BYTES, decimal, from_base64

PROOF = "c2sp.org/tlog-proof@v1"
LARGEST = 1_000_000
"""Bytes of any of these files; an answer itself may be as long as it likes."""


@dataclass(frozen=True)
class Receipt:
    """What an answer's headers say of its entry; `salt` and `checkpoint` are None where the answer had none."""

    entry: str
    index: int
    salt: bytes | None
    checkpoint: str | None


@dataclass(frozen=True)
class Proof:
    """A tlog-proof: the entry as the log says it was written, where it stands, the way to the root, the signed checkpoint."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    note: str


@dataclass(frozen=True)
class Consistency:
    """The proof that the log of `first` entries is the beginning of that of `second`."""

    first: int
    second: int
    path: tuple[bytes, ...]


def read_keys(file: Path) -> list[Key]:
    """The log's verifier keys, one a line: several after the log's key was replaced. Raises `Unreadable`."""
    keys = [read_key(line.strip()) for line in _text(file).splitlines() if line.strip()]
    if not keys:
        raise Unreadable(f"{file.name} holds no verifier key; ask the gateway's operator for it (gateway audit vkey)")
    return keys


def read_receipt(file: Path) -> Receipt:
    """The headers of an answer: as they came (`curl -D`), or as a JSON object of names and values. Raises `Unreadable`."""
    content = _text(file)
    headers = _json_headers(content, file) if content.lstrip().startswith("{") else _plain_headers(content)
    entry, index = headers.get("gateway-entry"), decimal(headers.get("gateway-entry-index", ""))
    if not entry or index is None:
        raise Unreadable(f"{file.name} has no Gateway-Entry and Gateway-Entry-Index, once each: it is not an answer's headers")
    salt = _bytes_of("gateway-body-salt", headers, file)
    note = _bytes_of("gateway-checkpoint", headers, file)
    if salt is not None and len(salt) != HASH_BYTES:
        raise Unreadable(f"{file.name}: Gateway-Body-Salt is not {HASH_BYTES} bytes")
    return Receipt(entry, index, salt, None if note is None else _decoded(note, file))


def read_proof(file: Path) -> Proof:
    """A proof as `/audit/proof/ENTRY` gives it. Raises `Unreadable`."""
    head, blank, note = _text(file).partition("\n\n")
    lines = head.split("\n")
    shape = [line.partition(" ")[0] for line in lines[:3]]
    if not blank or shape != [PROOF, "extra", "index"]:
        raise Unreadable(f"{file.name} is not a proof of this gateway ({PROOF} with the entry in its `extra` line)")
    leaf, index = from_base64(lines[1][6:]), decimal(lines[2][6:])
    if leaf is None or index is None:
        raise Unreadable(f"{file.name}: its `extra` or `index` line is malformed")
    return Proof(leaf, index, _hashes(lines[3:], file), note)


def read_note(file: Path) -> str:
    """A checkpoint: as the log signs it, or the one inside of a proof or of an answer's headers. Raises `Unreadable`."""
    content = _text(file)
    if content.startswith(PROOF):
        return read_proof(file).note
    if "gateway-entry" not in content.lower():
        return content
    note = read_receipt(file).checkpoint
    if note is None:
        raise Unreadable(f"{file.name} has no Gateway-Checkpoint")
    return note


def read_consistency(file: Path) -> Consistency:
    """A proof as `/audit/consistency` gives it. Raises `Unreadable`."""
    lines = _text(file).split("\n")
    first = decimal(lines[0].removeprefix("old ")) if lines[0].startswith("old ") else None
    second = decimal(lines[1].removeprefix("new ")) if len(lines) > 1 and lines[1].startswith("new ") else None
    if first is None or second is None or lines[-1]:
        raise Unreadable(f"{file.name} is not a proof of /audit/consistency")
    return Consistency(first, second, _hashes(lines[2:-1], file))


def _hashes(lines: list[str], file: Path) -> tuple[bytes, ...]:
    hashes = tuple(from_base64(line) or b"" for line in lines)
    if any(len(hashed) != HASH_BYTES for hashed in hashes):
        raise Unreadable(f"{file.name}: a line of the proof is not a hash")
    return hashes


def _plain_headers(content: str) -> dict[str, str]:
    """Of the last answer in the file: before it can stand those that sent the client on."""
    last = content.replace("\r\n", "\n").rstrip("\n").split("\n\n")[-1]
    pairs = [line.partition(":") for line in last.split("\n") if ":" in line]
    return _once([(name, value) for name, _, value in pairs])


def _json_headers(content: str, file: Path) -> dict[str, str]:
    try:
        found = json.loads(content, object_pairs_hook=list)
    except ValueError:
        raise Unreadable(f"{file.name} is not JSON") from None
    # Curl writes the values of a header as a list (`%{header_json}`).
    single = [(name, value[0] if isinstance(value, list) and len(value) == 1 else value) for name, value in found]
    return _once([(name, value) for name, value in single if isinstance(value, str)])


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """By name in small letters; a header that stands there twice is none."""
    names = [name.strip().lower() for name, _ in pairs]
    return {name: value.strip() for name, (_, value) in zip(names, pairs, strict=True) if names.count(name) == 1}


def _bytes_of(name: str, headers: Mapping[str, str], file: Path) -> bytes | None:
    if name not in headers:
        return None
    content = from_base64(headers[name])
    if content is None:
        raise Unreadable(f"{file.name}: {name} is not base64")
    return content


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as why:
        raise Unreadable(f"{file} cannot be read: {why.strerror}") from why
    if len(content) > LARGEST:
        raise Unreadable(f"{file.name} is longer than {LARGEST:,} bytes")
    return _decoded(content, file)


def _decoded(content: bytes, file: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{file.name} is not text in UTF-8") from None
