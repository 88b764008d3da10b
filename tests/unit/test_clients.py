"""A client is registered, rotated and suspended with its entry on the log, and never with a secret in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.clients import KeyPair, NewClient, PublicKey, Secret, rotate_client, suspend_client
from gateway.domain.auditing import AuditEntry, AuditEvent
from gateway.errors import RequestError, Unavailable
from gateway.keys.jwk import public_jwk, thumbprint
from gateway.store.clients import list_clients, read_client
from tests.oauth_world import RIVERTON, World

ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
"""The public key of RFC 8037, appendix A."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def test_adding_a_client_is_one_entry_and_moves_the_epoch(world: World) -> None:
    issued = world.client(PublicKey(ED25519))
    leaf = world.leaves()[-1]
    assert (leaf["kind"], leaf["action"], leaf["actor"], leaf["client"]) == (
        "client",
        "add",
        "operator",
        "riverton-sis",
    )
    assert leaf["credential"] == {"id": issued.credential, "kind": "public_key"}
    assert leaf["id"] == issued.entry.entry
    assert world.epoch() == 1


def test_a_public_key_is_known_by_its_thumbprint(world: World) -> None:
    assert thumbprint(public_jwk({**ED25519, "kid": "mine"})) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert world.client(PublicKey(ED25519)).credential == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_key_pair_leaves_only_its_public_half(world: World) -> None:
    issued = world.client(KeyPair())
    assert issued.private_key is not None
    load_pem_private_key(issued.private_key.encode(), None)
    with world.database.read() as connection:
        client = read_client(connection, issued.client)
    assert client is not None
    assert set(client.credentials[0].public_jwk or {}) == {"crv", "kty", "x"}


def test_a_secret_is_stored_as_an_argon2_hash_only(world: World) -> None:
    issued = world.client(Secret())
    assert issued.secret is not None
    assert issued.secret not in repr(issued)
    with world.database.read() as connection:
        client = read_client(connection, issued.client)
    assert client is not None
    assert (client.credentials[0].secret_hash or "").startswith("$argon2id$")
    content = b"".join(file.read_bytes() for file in world.folder.iterdir())
    assert issued.secret.partition(".")[2].encode() not in content


def test_a_client_id_is_registered_once(world: World) -> None:
    world.client()
    with pytest.raises(RequestError, match="already"):
        world.client()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(RIVERTON, client="Riverton SIS"), "client id"),
        (replace(RIVERTON, client="x" * 65), "client id"),
        (replace(RIVERTON, client="finder"), "another id"),
        (replace(RIVERTON, institution=""), "institution"),
        (replace(RIVERTON, purposes=()), "at least one purpose"),
        (replace(RIVERTON, purposes=("place ment",)), "purpose"),
        (replace(RIVERTON, purposes=("placement", "nonsense")), "placement, hiring"),
        (replace(RIVERTON, institution="river_ton"), "as in its agreements"),
        (replace(RIVERTON, default_purpose="research"), "default purpose"),
        (replace(RIVERTON, scopes=()), "scopes"),
        (
            replace(RIVERTON, scopes=("records:write",)),
            "records:read, rosters:write, sources:push, sources:read, rights:read, rights:write, disclosures:read, agreements:read",
        ),
        (replace(RIVERTON, title=" "), "title"),
        (replace(RIVERTON, title="a\nb"), "title"),
    ],
)
def test_a_wrong_registration_says_what_to_correct_and_changes_nothing(world: World, wrong: NewClient, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        world.client(new=wrong)
    assert (world.kinds(), world.epoch()) == ([], 0)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {**ED25519, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"},
        {**ED25519, "x": "AA"},
        {**ED25519, "x": ED25519["x"] + "="},
        {**ED25519, "x": 1},
        {**ED25519, "alg": "HS256"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-256", "x": ED25519["x"], "y": ED25519["x"]},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "e": "AQAB"},
    ],
)
def test_a_key_that_is_not_a_public_one_for_signatures_is_refused(world: World, document: object) -> None:
    with pytest.raises(RequestError):
        world.client(PublicKey(document))


def test_rotation_keeps_two_credentials_live_at_most(world: World) -> None:
    issued = world.client()
    rotate_client(issued.client, KeyPair(), timedelta(hours=1), world.desk)
    with pytest.raises(RequestError, match="Two credentials"):
        rotate_client(issued.client, KeyPair(), timedelta(hours=1), world.desk)
    last = rotate_client(issued.client, KeyPair(), timedelta(0), world.desk)
    with world.database.read() as connection:
        [client] = list_clients(connection)
    assert [known.credential for known in client.credentials if known.live(world.now)] == [last.credential]
    assert world.kinds() == ["client"] * 3
    assert world.epoch() == 3


def test_a_key_that_a_client_had_does_not_come_back(world: World) -> None:
    issued = world.client(PublicKey(ED25519))
    with pytest.raises(RequestError, match="before"):
        rotate_client(issued.client, PublicKey(ED25519), timedelta(0), world.desk)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=91)])
def test_an_old_credential_serves_ninety_days_more_at_most(world: World, overlap: timedelta) -> None:
    with pytest.raises(RequestError, match="0 to 90 days"):
        rotate_client(world.client().client, KeyPair(), overlap, world.desk)


def test_a_suspended_client_is_not_rotated(world: World) -> None:
    issued = world.client()
    suspend_client(issued.client, world.desk)
    with pytest.raises(RequestError, match="no active client"):
        rotate_client(issued.client, KeyPair(), timedelta(0), world.desk)


def test_a_suspension_is_on_the_log_and_moves_the_epoch(world: World) -> None:
    suspend_client(world.client().client, world.desk)
    leaf = world.leaves()[-1]
    assert (leaf["kind"], leaf["action"], leaf["institutions"]) == ("client", "suspend", ["riverton"])
    assert world.epoch() == 2


def test_an_unknown_client_cannot_be_suspended(world: World) -> None:
    with pytest.raises(RequestError, match="no client"):
        suspend_client("ghost", world.desk)


def test_nothing_changes_when_the_entry_cannot_be_written(world: World) -> None:
    class Broken:
        def append_in(self, _connection: object, _event: AuditEvent) -> AuditEntry:
            raise Unavailable("the log is out of reach")

    issued = world.client()
    desk = replace(world.desk, log=Broken())  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        suspend_client(issued.client, desk)
    with world.database.read() as connection:
        client = read_client(connection, issued.client)
    assert client is not None
    assert client.state == "active"
