"""PAP: register partners' systems, rotate their credentials, suspend them; each with its entry in one transaction."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.audit import AuditLog
from gateway.authenticate import SLUG
from gateway.domain.access import FINDER, OPERATOR
from gateway.domain.agreement import PURPOSES
from gateway.domain.agreement import SLUG as PARTY
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.domain.identifiers import ClientId, InstitutionId
from gateway.domain.times import utc_text
from gateway.errors import RequestError
from gateway.keys.jwk import ed25519_jwk, public_jwk, thumbprint
from gateway.store.clients import (
    StoredClient,
    StoredCredential,
    insert_client,
    read_client,
    replace_credentials,
    set_state,
)
from gateway.store.engine import Database

SCOPES = (
    "records:read",
    "rosters:write",
    "sources:push",
    "sources:read",
    "rights:read",
    "rights:write",
    "disclosures:read",
    "agreements:read",
    "agreements:write",
    "agreements:sign",
    "audit:tiles",
)
"""`records:read` reads records under an agreement; `rosters:write` says whom an agreement's rows are asked about; `sources:push`
sends an institution's own records, `sources:read` sees how fresh its sources are; `rights:read` and `rights:write` are for a
provider's own system, which says what its people consented to, `disclosures:read` for one that asks who was told what about them;
`agreements:read`, `agreements:write` and `agreements:sign` see, change and sign an institution's own agreements; `audit:tiles`
reads the whole audit log, for a log auditor (decision 22)."""
SECRET_BYTES = 32
SECRET_ID_BYTES = 9
LONGEST_TITLE = 200
LONGEST_OVERLAP = timedelta(days=90)
LIVE_AT_ONCE = 2


@dataclass(frozen=True)
class PublicKey:
    """The client made its key pair; `jwk` is the public half as read from its file."""

    jwk: object


@dataclass(frozen=True)
class KeyPair:
    """The gateway makes an Ed25519 key pair and hands the private half out once."""


@dataclass(frozen=True)
class Secret:
    """The gateway makes a secret for HTTP Basic and hands it out once; a compatibility profile."""


NewCredential = PublicKey | KeyPair | Secret


@dataclass(frozen=True)
class NewClient:
    """A system to be registered, bound to one institution and the purposes it may name."""

    client: str
    institution: str
    title: str
    purposes: tuple[str, ...]
    default_purpose: str | None = None
    scopes: tuple[str, ...] = ("records:read",)


@dataclass(frozen=True)
class ClientDesk:
    """What changing clients needs from outside itself; `actor` is who does it, `clock` gives UTC."""

    database: Database
    log: AuditLog
    clock: Callable[[], datetime]
    random_bytes: Callable[[int], bytes]
    actor: str = "operator"
    hasher: PasswordHasher = field(default_factory=PasswordHasher)


@dataclass(frozen=True)
class Issued:
    """A credential that was registered. `private_key` (PEM, PKCS 8) or `secret` exist here only: neither is stored."""

    client: ClientId
    credential: str
    entry: AuditEntry
    private_key: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Made:
    stored: StoredCredential
    private_key: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)


def add_client(new: NewClient, credential: NewCredential, desk: ClientDesk) -> Issued:
    """Register a client with its first credential. Raises `RequestError` that names what to correct."""
    at = utc_text(desk.clock())
    made = _make(credential, at, desk)
    client = _checked(new, at, made.stored)
    purposes, scopes = list(client.purposes), list(client.scopes)
    event = _event("add", client, desk, credential=_spoken(made.stored), purposes=purposes, scopes=scopes)
    with desk.database.write() as connection:
        if read_client(connection, client.client) is not None:
            raise RequestError(f"There is a client {client.client} already. Use gateway client rotate for a new credential.")
        entry = insert_client(connection, client, event, desk.log.append_in)
    return Issued(client.client, made.stored.credential, entry, made.private_key, made.secret)


def rotate_client(name: str, credential: NewCredential, retire_after: timedelta, desk: ClientDesk) -> Issued:
    """Give a client a new credential; those it has serve for `retire_after` more, so that two live at once.

    Raises `RequestError` for an unknown or suspended client, a credential it had before, or a third one.
    """
    if not timedelta(0) <= retire_after <= LONGEST_OVERLAP:
        raise RequestError(f"The old credential may serve for 0 to {LONGEST_OVERLAP.days} days more.")
    now = desk.clock()
    made = _make(credential, utc_text(now), desk)
    with desk.database.write() as connection:
        client = read_client(connection, _slug(name, "client id"), lock=True)
        if client is None or client.state != "active":
            raise RequestError(f"There is no active client {name}.")
        if any(known.credential == made.stored.credential for known in client.credentials):
            raise RequestError("The client had this key before. Make a new one.")
        live = [known for known in client.credentials if known.live(now)]
        if retire_after and len(live) >= LIVE_AT_ONCE:
            raise RequestError("Two credentials are live already. Wait for one to end, or retire both now: --retire-after 0.")
        retired_at = utc_text(now + retire_after)
        retiring = [known.credential for known in live]
        event = _event("rotate", client, desk, credential=_spoken(made.stored), retired=sorted(retiring), retired_at=retired_at)
        entry = replace_credentials(connection, client.client, made.stored, retiring, retired_at, event, desk.log.append_in)
    return Issued(client.client, made.stored.credential, entry, made.private_key, made.secret)


def suspend_client(name: str, desk: ClientDesk) -> AuditEntry:
    """Refuse a client from the next request on, tokens it holds included. Raises `RequestError` for an unknown one."""
    with desk.database.write() as connection:
        client = read_client(connection, _slug(name, "client id"), lock=True)
        if client is None:
            raise RequestError(f"There is no client {name}. List them: gateway client list")
        return set_state(connection, client.client, "suspended", _event("suspend", client, desk), desk.log.append_in)


def _checked(new: NewClient, at: str, credential: StoredCredential) -> StoredClient:
    purposes = tuple(dict.fromkeys(new.purposes))
    if not set(purposes) <= set(PURPOSES):
        raise RequestError(f"The purposes are those that agreements may have: {', '.join(PURPOSES)}.")
    if not purposes:
        raise RequestError("Name at least one purpose that the client may ask for.")
    default = purposes[0] if new.default_purpose is None else new.default_purpose
    if default not in purposes:
        raise RequestError("The default purpose must be one of the client's purposes.")
    scopes = tuple(dict.fromkeys(new.scopes))
    if not scopes or not set(scopes) <= set(SCOPES):
        raise RequestError(f"The scopes are: {', '.join(SCOPES)}. Name at least one.")
    name = _slug(new.client, "client id")
    if name in {FINDER, OPERATOR}:
        raise RequestError(f"{name} is what the log calls the gateway's own doings; give the client another id.")
    title = new.title.strip()
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise RequestError(f"The title must be 1 to {LONGEST_TITLE} printable characters.")
    return StoredClient(
        client=ClientId(name),
        institution=_institution(new.institution),
        title=title,
        purposes=purposes,
        default_purpose=default,
        scopes=scopes,
        state="active",
        created_at=at,
        credentials=(credential,),
    )


def _make(credential: NewCredential, at: str, desk: ClientDesk) -> _Made:
    match credential:
        case PublicKey(document):
            jwk = public_jwk(document)
            return _Made(StoredCredential(thumbprint(jwk), "public_key", jwk, None, at))
        case KeyPair():
            key = Ed25519PrivateKey.from_private_bytes(desk.random_bytes(SECRET_BYTES))
            jwk = ed25519_jwk(key.public_key())
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            return _Made(StoredCredential(thumbprint(jwk), "public_key", jwk, None, at), private_key=pem)
        case Secret():
            name = _text(desk.random_bytes(SECRET_ID_BYTES))
            secret = f"{name}.{_text(desk.random_bytes(SECRET_BYTES))}"
            return _Made(StoredCredential(name, "secret", None, desk.hasher.hash(secret), at), secret=secret)


def _event(action: str, client: StoredClient, desk: ClientDesk, **more: object) -> AuditEvent:
    leaf: Mapping[str, object] = {
        "action": action,
        "actor": desk.actor,
        "client": client.client,
        "institution": client.institution,
        **more,
    }
    return AuditEvent(kind="client", leaf=leaf, institutions=(client.institution,))


def _spoken(credential: StoredCredential) -> dict[str, str]:
    return {"id": credential.credential, "kind": credential.kind}


def _slug(text: str, what: str) -> str:
    if not SLUG.fullmatch(text):
        raise RequestError(f"The {what} must be 1 to 64 of a-z, 0-9, - and _, and start with a letter or digit.")
    return text


def _institution(text: str) -> InstitutionId:
    # As agreements write it: another spelling would be registered and never match.
    if not re.fullmatch(PARTY, text):
        raise RequestError(
            "The institution must be 1 to 63 of a-z, 0-9 and -, and start with a letter or digit, as in its agreements."
        )
    return InstitutionId(text)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
