"""A log of the tests' own making, and the files that a partner keeps of one of its answers."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.auditing import Checkpoint
from gateway.tlog.checkpoint import sign_checkpoint
from gateway.tlog.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of
from gateway.tlog.note import Signer
from gateway.tlog.proof_text import consistency_text, proof_text

ORIGIN = "gateway.example/audit/1"
SALT = bytes(range(32))
BODY = b'{"notice":null,"data":[{"candidateIdentifier":"x"}],"next":null}'


@dataclass
class SmallLog:
    """A log of so many entries, the one at `at` being of an answer with `BODY`."""

    size: int
    at: int
    signer: Signer

    @property
    def leaves(self) -> list[bytes]:
        return [self._leaf(number) for number in range(self.size)]

    def _leaf(self, number: int) -> bytes:
        members = {"version": "1", "id": f"id-{number}", "time": "2026-11-24T13:00:00Z", "kind": "disclosure"}
        if number == self.at:
            members |= {
                "body": hashlib.sha256(SALT + BODY).hexdigest(),
                "body_length": str(len(BODY)),
                "agreement": "lakeside-riverton",
            }
        return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()

    @property
    def hashes(self) -> list[bytes]:
        return [leaf_hash(leaf) for leaf in self.leaves]

    def node(self, level: int, index: int) -> bytes:
        return root_of(self.hashes[index << level : (index + 1) << level])

    def checkpoint(self, size: int) -> Checkpoint:
        return sign_checkpoint(1, size, root_of(self.hashes[:size]), self.signer)

    def proof(self, size: int) -> str:
        return proof_text(self.leaves[self.at], self.at, inclusion_proof(self.at, size, self.node), self.checkpoint(size).note)

    def consistency(self, first: int, second: int) -> str:
        return consistency_text(first, second, consistency_proof(first, second, self.node))


def small_log(size: int = 23, at: int = 9, key: bytes = b"k" * 32, origin: str = ORIGIN) -> SmallLog:
    return SmallLog(size, at, Signer(origin, Ed25519PrivateKey.from_private_bytes(key)))


def keep(folder: Path, log: SmallLog, early: int = 12) -> list[str]:
    """Write the files of the answer, which came when the log had `early` entries; gives the command's words."""
    note = base64.b64encode(log.checkpoint(early).note.encode()).decode()
    headers = [
        "HTTP/1.1 200 OK",
        "content-type: application/json",
        f"gateway-entry: id-{log.at}",
        f"gateway-entry-index: {log.at}",
        f"gateway-body-salt: {base64.b64encode(SALT).decode()}",
        f"gateway-checkpoint: {note}",
    ]
    written: Sequence[tuple[str, bytes]] = (
        ("body", BODY),
        ("headers", ("\r\n".join(headers) + "\r\n\r\n").encode()),
        ("proof", log.proof(log.size).encode()),
        ("consistency", log.consistency(early, log.size).encode()),
        ("key", f"{log.signer.verifier.vkey}\n".encode()),
    )
    for name, content in written:
        (folder / name).write_bytes(content)
    return ["verify", *(word for name, _ in written for word in (f"--{name}", str(folder / name)))]
