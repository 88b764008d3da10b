"""The key ring: data keys of providers, agreements and the gateway itself, wrapped in the database.

Who is wrapped by whom: the key-encryption key wraps the gateway's and the providers' keys; a provider's register key wraps
the keys of its agreements and outlives them (decision 7).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, insert, select

from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.errors import ConfigurationError
from gateway.keys.seal import DataKey
from gateway.keys.wrap import KeyWrapper, LocalFile
from gateway.store.engine import Database
from gateway.store.schema import wrapped_key

GATEWAY = "gateway"
BYTES: Mapping[str, int] = {
    "data": 32,
    "source": 32,
    "register": 32,
    "pseudonym": 32,
    "subject": 32,
    "cursor": 64,
    "token": 32,
    "log": 32,
}
GATEWAY_PURPOSES = ("cursor", "token", "log")
PROVIDER_PURPOSES = ("data", "source", "register")
AGREEMENT_PURPOSES = ("pseudonym", "subject")


@dataclass(frozen=True)
class ProviderKeys:
    """`data` seals identifiers, `source` keys the HMAC of natural keys, `register` seals who was disclosed."""

    data: DataKey
    source: DataKey
    register: DataKey


@dataclass(frozen=True)
class AgreementKeys:
    """Keys of one agreement at one provider: `pseudonym` makes its pseudonyms, `subject` its subject commitments."""

    pseudonym: DataKey
    subject: DataKey


class KeyRing:
    """Reads and makes wrapped keys; keeps opened ones in memory."""

    def __init__(self, database: Database, wrapper: KeyWrapper) -> None:
        self._database = database
        self._wrapper = wrapper
        self._open: dict[str, DataKey] = {}

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
        register = self._read(connection, "provider", provider, "register", self._wrapper)
        for purpose in AGREEMENT_PURPOSES:
            owner = f"{agreement}|{provider}"
            self._create(connection, "agreement", owner, purpose, LocalFile(register.secret, register.key_id), at)

    def provider(self, provider: InstitutionId) -> ProviderKeys:
        """Raises `ConfigurationError` for a provider that has no keys: nothing of it was ever stored."""
        return ProviderKeys(*(self._opened("provider", provider, purpose, self._wrapper) for purpose in PROVIDER_PURPOSES))

    def agreement(self, agreement: AgreementId, provider: InstitutionId) -> AgreementKeys:
        register = self._opened("provider", provider, "register", self._wrapper)
        wrapper = LocalFile(register.secret, register.key_id)
        owner = f"{agreement}|{provider}"
        return AgreementKeys(*(self._opened("agreement", owner, purpose, wrapper) for purpose in AGREEMENT_PURPOSES))

    def cursor_key(self) -> bytes:
        return self._opened(GATEWAY, GATEWAY, "cursor", self._wrapper).secret

    def signing_key(self, purpose: str) -> Ed25519PrivateKey:
        """The Ed25519 key for `token` or `log`."""
        return Ed25519PrivateKey.from_private_bytes(self._opened(GATEWAY, GATEWAY, purpose, self._wrapper).secret)

    def register_key(self, key_id: str) -> DataKey | None:
        """A provider's register key by its id; None when it was destroyed."""
        with self._database.read() as connection:
            wrapped = connection.execute(select(wrapped_key.c.wrapped).where(wrapped_key.c.key_id == key_id)).scalar()
        return None if wrapped is None else DataKey(key_id, self._wrapper.unwrap(wrapped, key_id))

    def _opened(self, kind: str, owner: str, purpose: str, wrapper: KeyWrapper) -> DataKey:
        key_id = _key_id(kind, owner, purpose)
        known = self._open.get(key_id)
        if known is None:
            with self._database.read() as connection:
                known = self._read(connection, kind, owner, purpose, wrapper)
            self._open[key_id] = known
        return known

    @staticmethod
    def _read(connection: Connection, kind: str, owner: str, purpose: str, wrapper: KeyWrapper) -> DataKey:
        key_id = _key_id(kind, owner, purpose)
        wrapped = connection.execute(select(wrapped_key.c.wrapped).where(wrapped_key.c.key_id == key_id)).scalar()
        if wrapped is None:
            raise ConfigurationError(f"There is no {purpose} key for {kind} {owner}. Put an agreement of it in force first.")
        return DataKey(key_id, wrapper.unwrap(wrapped, key_id))

    @staticmethod
    def _create(connection: Connection, kind: str, owner: str, purpose: str, wrapper: KeyWrapper, at: str) -> None:
        key_id = _key_id(kind, owner, purpose)
        if connection.execute(select(wrapped_key.c.key_id).where(wrapped_key.c.key_id == key_id)).scalar():
            return
        connection.execute(
            insert(wrapped_key).values(
                key_id=key_id,
                owner_kind=kind,
                owner_id=owner,
                purpose=purpose,
                wrapped_by=wrapper.name,
                wrapped=wrapper.wrap(os.urandom(BYTES[purpose]), key_id),
                created_at=at,
            )
        )


def has_keys(connection: Connection) -> bool:
    """Whether anything was ever wrapped."""
    return connection.execute(select(wrapped_key.c.key_id).limit(1)).scalar() is not None


def _key_id(kind: str, owner: str, purpose: str) -> str:
    # The id follows from what the key is for, so that two processes that both make it collide instead of making two.
    return hashlib.sha256(f"{kind}|{owner}|{purpose}|1".encode()).hexdigest()[:32]
