"""The key ring: data keys of providers, agreements and the gateway itself, wrapped in the database.

Who is wrapped by whom: the key-encryption key wraps the gateway's and the providers' keys; a provider's register key wraps
the keys of its agreements and outlives them (decision 7).
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.errors import ConfigurationError, IntegrityError
from gateway.keys.seal import DataKey, DataKeys
from gateway.keys.wrap import KeyWrapper, LocalFile
from gateway.store.engine import Database
from gateway.store.schema import wrapped_key

GATEWAY = "gateway"
BYTES: Mapping[str, int] = {
    "data": 32,
    "source": 32,
    "register": 32,
    "index": 32,
    "pseudonym": 32,
    "subject": 32,
    "cursor": 64,
    "token": 32,
    "log": 32,
}
GATEWAY_PURPOSES = ("cursor", "token", "log")
PROVIDER_PURPOSES = ("data", "source", "register", "index")
AGREEMENT_PURPOSES = ("pseudonym", "subject")
_KEYS = (
    select(wrapped_key.c.key_id, wrapped_key.c.wrapped_by, wrapped_key.c.wrapped, wrapped_key.c.retired_at)
    .where(
        wrapped_key.c.owner_kind == bindparam("kind"),
        wrapped_key.c.owner_id == bindparam("owner"),
        wrapped_key.c.purpose == bindparam("purpose"),
    )
    .order_by(wrapped_key.c.generation.desc())
)


KEPT_SECONDS = 300.0
"""For so long opened keys of providers and agreements are kept: after it, a key-management service that is down or has been told to
refuse is noticed."""
T = TypeVar("T")


@dataclass(frozen=True)
class ProviderKeys:
    """`data` seals identifiers, `source` keys the HMAC of natural keys, `register` seals who was disclosed, `index` keys the blind
    indexes of sealed identifiers."""

    data: DataKeys
    source: DataKey
    register: DataKey
    index: DataKey


@dataclass(frozen=True)
class PseudonymKey:
    """A key that makes or made pseudonyms. `until` is None for the one that makes them now; of an older one it is when, in UTC and
    ISO 8601, its pseudonyms become nobody's to a recipient."""

    key: DataKey
    until: str | None


@dataclass(frozen=True)
class AgreementKeys:
    """Keys of one agreement at one provider: `pseudonyms` make its pseudonyms, newest first; `subject` its subject commitments."""

    pseudonyms: tuple[PseudonymKey, ...]
    subject: DataKey


@dataclass(frozen=True)
class StoredKey:
    """What is known of a key without opening it."""

    key_id: str
    owner_kind: str
    owner: str
    purpose: str
    generation: int
    wrapped_by: str
    created_at: str
    retired_at: str | None


@dataclass(frozen=True)
class _Opened:
    key: DataKey
    retired_at: str | None


@dataclass(frozen=True)
class _Kept:
    """Opened keys, newest first, the second at which they are read anew, and the state epoch that they are not older than."""

    keys: tuple[_Opened, ...]
    until: float
    epoch: int


class KeyRing:
    """Reads and makes wrapped keys; keeps opened ones in memory for five minutes. `seconds` is a clock that only goes on."""

    def __init__(self, database: Database, wrapper: KeyWrapper, seconds: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._wrapper = wrapper
        self._seconds = seconds
        self._open: dict[tuple[str, str, str], _Kept] = {}

    def create_gateway_keys(self, connection: Connection, at: str) -> None:
        """Make the gateway's own keys where they are missing; `at` is UTC in ISO 8601."""
        for purpose in GATEWAY_PURPOSES:
            self._create(connection, GATEWAY, GATEWAY, purpose, self._wrapper, at)

    def create_provider_keys(self, connection: Connection, provider: InstitutionId, at: str) -> None:
        """Make a provider's keys where they are missing, in the caller's transaction."""
        for purpose in PROVIDER_PURPOSES:
            self._create(connection, "provider", provider, purpose, self._wrapper, at)

    def create_agreement_keys(self, connection: Connection, agreement: AgreementId, provider: InstitutionId, at: str) -> None:
        """Make the keys of one agreement at one provider, wrapped by that provider's register key."""
        wrapper = self._register_wrapper(connection, provider)
        for purpose in AGREEMENT_PURPOSES:
            self._create(connection, "agreement", f"{agreement}|{provider}", purpose, wrapper, at)

    def begin_data_key(self, connection: Connection, provider: InstitutionId, at: str) -> None:
        """Make the provider's next data key, which seals from now on, in the caller's transaction."""
        generation = 1 + max(key.generation for key in self.stored(connection, "provider", provider, "data"))
        self._create(connection, "provider", provider, "data", self._wrapper, at, generation)

    def begin_pseudonym_key(
        self, connection: Connection, agreement: AgreementId, provider: InstitutionId, at: str, overlap_until: str
    ) -> str:
        """Make the agreement's next pseudonym key, and say until when the ones before count; its id."""
        owner = f"{agreement}|{provider}"
        known = self.stored(connection, "agreement", owner, "pseudonym")
        generation = 1 + max(key.generation for key in known)
        for key in known:
            if key.retired_at is None:
                self.retire(connection, key.key_id, overlap_until)
        wrapper = self._register_wrapper(connection, provider)
        self._create(connection, "agreement", owner, "pseudonym", wrapper, at, generation)
        return _key_id("agreement", owner, "pseudonym", generation)

    @staticmethod
    def retire(connection: Connection, key_id: str, at: str) -> None:
        connection.execute(update(wrapped_key).where(wrapped_key.c.key_id == key_id).values(retired_at=at))

    @staticmethod
    def destroy(connection: Connection, key_id: str) -> None:
        """Forget a key for good: what it sealed is noise from now on."""
        connection.execute(delete(wrapped_key).where(wrapped_key.c.key_id == key_id))

    @staticmethod
    def stored(
        connection: Connection, kind: str | None = None, owner: str | None = None, purpose: str | None = None
    ) -> list[StoredKey]:
        """What is known of these keys, or of all, newest first."""
        asked = {"owner_kind": kind, "owner_id": owner, "purpose": purpose}
        chosen = [wrapped_key.c[name] == value for name, value in asked.items() if value is not None]
        rows = connection.execute(
            select(wrapped_key)
            .where(*chosen)
            .order_by(wrapped_key.c.owner_kind, wrapped_key.c.owner_id, wrapped_key.c.purpose, wrapped_key.c.generation.desc())
        )
        return [
            StoredKey(
                row.key_id,
                row.owner_kind,
                row.owner_id,
                row.purpose,
                row.generation,
                row.wrapped_by,
                row.created_at,
                row.retired_at,
            )
            for row in rows
        ]

    def rewrap(self, connection: Connection, wrapper: KeyWrapper) -> int:
        """Wrap by another key-encryption key what this one's wraps, in the caller's transaction; the number of keys."""
        rows = connection.execute(select(wrapped_key).where(wrapped_key.c.owner_kind.in_((GATEWAY, "provider")))).all()
        for row in rows:
            secret = _unwrapped(self._wrapper, row)
            changed = {"wrapped": wrapper.wrap(secret, row.key_id), "wrapped_by": wrapper.name}
            connection.execute(update(wrapped_key).where(wrapped_key.c.key_id == row.key_id).values(**changed))
        return len(rows)

    def provider(self, provider: InstitutionId, *, fresh: bool = False) -> ProviderKeys:
        """`fresh`: as they are stored now, for who is about to seal. Raises `ConfigurationError` for a provider that has no keys:
        nothing of it was ever stored; `Unavailable` when the key-management service does not answer."""
        if fresh:
            self._forget("provider", provider)
        return _of_provider(self._opened("provider", provider, purpose, self._wrapper) for purpose in PROVIDER_PURPOSES)

    def provider_in(self, connection: Connection, provider: InstitutionId) -> ProviderKeys:
        """The same as the caller's transaction sees them."""
        return _of_provider(self._read(connection, "provider", provider, purpose, self._wrapper) for purpose in PROVIDER_PURPOSES)

    def opened(self, provider: InstitutionId, opening: Callable[[ProviderKeys], T]) -> T:
        """What `opening` gives with the provider's keys, asked once more with keys that are read anew where something does not
        open: another process may have made a new key since."""
        keys = self.provider(provider)
        try:
            return opening(keys)
        except IntegrityError:
            fresh = self.provider(provider, fresh=True)
            if fresh == keys:
                raise
            return opening(fresh)

    def agreement(self, agreement: AgreementId, provider: InstitutionId, *, epoch: int = 0) -> AgreementKeys:
        """As they were stored in this state epoch, or later: a rotation moves it."""
        owner, wrapper = f"{agreement}|{provider}", self._agreement_wrapper(provider)
        pseudonyms, subject = (self._opened("agreement", owner, purpose, wrapper, epoch) for purpose in AGREEMENT_PURPOSES)
        made = tuple(PseudonymKey(opened.key, opened.retired_at) for opened in pseudonyms)
        return AgreementKeys(made, subject[0].key)

    def pseudonym_keys(self, agreement: AgreementId, provider: InstitutionId) -> tuple[PseudonymKey, ...]:
        """Every key that made pseudonyms of an agreement, newest first. They stay when the agreement's other keys are destroyed:
        the register still has to tell whose a pseudonym was (decision 7)."""
        owner, wrapper = f"{agreement}|{provider}", self._agreement_wrapper(provider)
        return tuple(PseudonymKey(made.key, made.retired_at) for made in self._opened("agreement", owner, "pseudonym", wrapper))

    def cursor_key(self) -> bytes:
        return self._opened(GATEWAY, GATEWAY, "cursor", self._wrapper)[0].key.secret

    def signing_key(self, purpose: str) -> Ed25519PrivateKey:
        """The Ed25519 key for `token` or `log`."""
        return Ed25519PrivateKey.from_private_bytes(self._opened(GATEWAY, GATEWAY, purpose, self._wrapper)[0].key.secret)

    def log_keys(self, connection: Connection) -> list[tuple[Ed25519PrivateKey, str | None]]:
        """The keys that sign or signed the log, newest first, each with until when it does (UTC; None: it is not replaced)."""
        opened = self._read(connection, GATEWAY, GATEWAY, "log", self._wrapper)
        return [(Ed25519PrivateKey.from_private_bytes(one.key.secret), one.retired_at) for one in opened]

    def begin_log_key(self, connection: Connection, at: str, overlap_until: str) -> None:
        """Make the next key that signs the log, and say until when those before it sign too."""
        known = self.stored(connection, GATEWAY, GATEWAY, "log")
        for key in known:
            if key.retired_at is None or key.retired_at > overlap_until:
                self.retire(connection, key.key_id, overlap_until)
        self._create(connection, GATEWAY, GATEWAY, "log", self._wrapper, at, 1 + max(key.generation for key in known))
        self._forget(GATEWAY, GATEWAY)

    def end_log_overlap(self, connection: Connection, at: str) -> None:
        """From now on the newest key signs the log alone."""
        for key in self.stored(connection, GATEWAY, GATEWAY, "log")[1:]:
            if key.retired_at is None or key.retired_at > at:
                self.retire(connection, key.key_id, at)

    def register_key(self, key_id: str) -> DataKey | None:
        """A provider's register key by its id; None when it was destroyed."""
        with self._database.read() as connection:
            row = connection.execute(select(wrapped_key).where(wrapped_key.c.key_id == key_id)).one_or_none()
        return None if row is None else DataKey(key_id, _unwrapped(self._wrapper, row))

    def _agreement_wrapper(self, provider: InstitutionId) -> LocalFile:
        [register, *_] = self._opened("provider", provider, "register", self._wrapper)
        return LocalFile(register.key.secret, register.key.key_id)

    def _register_wrapper(self, connection: Connection, provider: InstitutionId) -> LocalFile:
        [register, *_] = self._read(connection, "provider", provider, "register", self._wrapper)
        return LocalFile(register.key.secret, register.key.key_id)

    def _forget(self, kind: str, owner: str) -> None:
        for kept in [kept for kept in self._open if kept[:2] == (kind, owner)]:
            self._open.pop(kept, None)

    def _opened(self, kind: str, owner: str, purpose: str, wrapper: KeyWrapper, epoch: int = 0) -> tuple[_Opened, ...]:
        """Newest first."""
        kept, now = self._open.get((kind, owner, purpose)), self._seconds()
        if kept is None or now >= kept.until or kept.epoch < epoch:
            with self._database.read() as connection:
                kept = _Kept(self._read(connection, kind, owner, purpose, wrapper), now + KEPT_SECONDS, epoch)
            self._open[kind, owner, purpose] = kept
        return kept.keys

    @staticmethod
    def _read(connection: Connection, kind: str, owner: str, purpose: str, wrapper: KeyWrapper) -> tuple[_Opened, ...]:
        rows = connection.execute(_KEYS, {"kind": kind, "owner": owner, "purpose": purpose}).all()
        if not rows:
            raise ConfigurationError(f"There is no {purpose} key for {kind} {owner}. Put an agreement of it in force first.")
        return tuple(_Opened(DataKey(row.key_id, _unwrapped(wrapper, row)), row.retired_at) for row in rows)

    @staticmethod
    def _create(
        connection: Connection, kind: str, owner: str, purpose: str, wrapper: KeyWrapper, at: str, generation: int = 1
    ) -> None:
        key_id = _key_id(kind, owner, purpose, generation)
        if connection.execute(select(wrapped_key.c.key_id).where(wrapped_key.c.key_id == key_id)).scalar():
            return
        connection.execute(
            insert(wrapped_key).values(
                key_id=key_id,
                owner_kind=kind,
                owner_id=owner,
                purpose=purpose,
                generation=generation,
                wrapped_by=wrapper.name,
                wrapped=wrapper.wrap(os.urandom(BYTES[purpose]), key_id),
                created_at=at,
            )
        )


def has_keys(connection: Connection) -> bool:
    """Whether anything was ever wrapped."""
    return connection.execute(select(wrapped_key.c.key_id).limit(1)).scalar() is not None


def _of_provider(each: Iterable[tuple[_Opened, ...]]) -> ProviderKeys:
    """From the keys of each purpose, newest first."""
    data, source, register, index = ([opened.key for opened in keys] for keys in each)
    return ProviderKeys(DataKeys(data[0], tuple(data[1:])), source[0], register[0], index[0])


def _unwrapped(wrapper: KeyWrapper, row: Any) -> bytes:
    if row.wrapped_by != wrapper.name:
        raise ConfigurationError(
            f"The keys of this database are wrapped by {row.wrapped_by}, and GATEWAY_KMS says {wrapper.name}. Set it to the one "
            "that wraps them, or change that with: gateway key rewrap"
        )
    return wrapper.unwrap(bytes(row.wrapped), row.key_id)


def _key_id(kind: str, owner: str, purpose: str, generation: int) -> str:
    # The id follows from what the key is for, so that two processes that both make it collide instead of making two.
    return hashlib.sha256(f"{kind}|{owner}|{purpose}|{generation}".encode()).hexdigest()[:32]
