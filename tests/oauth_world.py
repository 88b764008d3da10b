"""A gateway's clients and token service on a real SQLite database and audit log, with a clock that tests move."""

from __future__ import annotations

import base64
import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import AuditLog
from gateway.authenticate import TokenVerifier, authenticate
from gateway.clients import ClientDesk, Issued, KeyPair, NewClient, NewCredential, add_client
from gateway.domain.access import Principal
from gateway.domain.identifiers import EntryId, InstitutionId
from gateway.domain.times import utc_text
from gateway.issue_token import IssuedToken, TokenIssuer, issue_token
from gateway.prove_client import ASSERTION_TYPE
from gateway.store.audit_log import open_log, read_entries
from gateway.store.engine import open_database
from gateway.store.epoch import read_epoch
from gateway.store.schema import metadata
from gateway.tlog.checkpoint import sign_checkpoint
from gateway.tlog.merkle import root
from gateway.tlog.note import Signer

ISSUER = "https://gateway.example"
AUDIENCE = "https://gateway.example/v1"
RIVERTON = NewClient("riverton-sis", "riverton", "Riverton SIS", ("placement", "hiring"))
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def no_detail(_owner: InstitutionId, _entry: EntryId, _content: bytes) -> tuple[str, bytes]:
    raise LookupError("these events have no sealed detail")


@dataclass
class World:
    """Everything that the token service stands on; `now` is the clock."""

    folder: Path
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 24, 13, 0, tzinfo=UTC))

    def __post_init__(self) -> None:
        self.database = open_database(f"sqlite:///{self.folder / 'gateway.db'}")
        metadata.create_all(self.database.engine)
        signer = Signer("gateway.test/audit/1", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
        with self.database.write() as connection:
            checkpoint = sign_checkpoint(1, 0, root(()), signer)
            open_log(connection, checkpoint, origin="gateway.test/audit/1", key_id="log", at=utc_text(self.now))
        numbers = itertools.count(1)
        self.log = AuditLog(
            self.database,
            1,
            signer,
            clock=self.clock,
            new_entry_id=lambda: EntryId(f"entry-{next(numbers)}"),
            seal_detail=no_detail,
        )
        self._random = itertools.count(1)
        key = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\2")
        self.desk = ClientDesk(self.database, self.log, self.clock, self.random_bytes, hasher=CHEAP)
        self.issuer = TokenIssuer(ISSUER, AUDIENCE, key, self.database, self.log, self.clock, self.random_bytes, hasher=CHEAP)
        self.verifier = TokenVerifier(ISSUER, AUDIENCE, key.public_key())

    def clock(self) -> datetime:
        return self.now

    def random_bytes(self, count: int) -> bytes:
        """Never the same twice."""
        return next(self._random).to_bytes(count, "big")

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def client(self, credential: NewCredential | None = None, new: NewClient = RIVERTON) -> Issued:
        return add_client(new, credential or KeyPair(), self.desk)

    def principal(self, token: str | None) -> Principal:
        with self.database.read() as connection:
            return authenticate(token, connection, self.verifier, self.now)

    def by_secret(self, issued: Issued, secret: str | None = None, **fields: str) -> IssuedToken:
        header = basic(issued.client, issued.secret or "" if secret is None else secret)
        return issue_token(list({"grant_type": "client_credentials", **fields}.items()), header, self.issuer)

    def by_key(self, issued: Issued, *, header: dict[str, object] | None = None, **claims: object) -> IssuedToken:
        return issue_token(assertion_form(self.assertion(issued, header=header, **claims)), None, self.issuer)

    def assertion(self, issued: Issued, *, header: dict[str, object] | None = None, **claims: object) -> str:
        """A client assertion that is right but for what the arguments change; None leaves a claim out."""
        right = {
            "iss": issued.client,
            "sub": issued.client,
            "aud": ISSUER,
            "exp": int(self.now.timestamp()) + 60,
            "jti": self.random_bytes(8).hex(),
        }
        kept = {name: claim for name, claim in {**right, **claims}.items() if claim is not None}
        return signed(kept, issued.private_key or "", header or {})

    def leaves(self) -> list[dict[str, object]]:
        with self.database.read() as connection:
            return [json.loads(entry.leaf) for entry in read_entries(connection, 1)]

    def kinds(self) -> list[object]:
        return [leaf["kind"] for leaf in self.leaves()]

    def epoch(self) -> int:
        with self.database.read() as connection:
            return read_epoch(connection)


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def signed(claims: dict[str, object], private_key: str | Ed25519PrivateKey, header: dict[str, object]) -> str:
    return jwt.PyJWS().encode(json.dumps(claims).encode(), private_key, algorithm="EdDSA", headers=header)


def assertion_form(assertion: str, **fields: str) -> list[tuple[str, str]]:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    return list({**form, **fields}.items())
