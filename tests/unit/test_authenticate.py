"""A token is good only if it is well formed, ours, in time, and its client, credential and itself still stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from gateway.authenticate import CREDENTIAL_CLAIM
from gateway.clients import KeyPair, NewClient, Secret, rotate_client, suspend_client
from gateway.errors import AuthenticationError
from gateway.keys.strict_jwt import NOT_VALID
from gateway.store.schema import token_revoked
from tests.oauth_world import AUDIENCE, ISSUER, World, signed


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def made_token(world: World, header: dict[str, object] | None = None, **changed: object) -> str:
    """A token as the gateway signs it, but for what the arguments change; None leaves a claim out."""
    issued = world.client()
    now = int(world.now.timestamp())
    right: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": issued.client,
        "client_id": issued.client,
        "iat": now,
        "exp": now + 600,
        "jti": "token-1",
        "scope": "records:read",
        CREDENTIAL_CLAIM: issued.credential,
    }
    claims = {name: claim for name, claim in {**right, **changed}.items() if claim is not None}
    return signed(claims, world.issuer.key, {"typ": "at+jwt", "kid": world.issuer.public_jwk["kid"], **(header or {})})


def assert_refused(world: World, token: str | None) -> None:
    with pytest.raises(AuthenticationError) as refusal:
        world.principal(token)
    assert refusal.value.detail == NOT_VALID


def test_a_good_token_gives_the_client_as_registered(world: World) -> None:
    issued = world.client()
    principal = world.principal(world.by_key(issued).access_token)
    assert (principal.client, principal.institution, principal.default_purpose) == (
        "riverton-sis",
        "riverton",
        "placement",
    )
    assert principal.purposes == {"placement", "hiring"}
    assert principal.scopes == {"records:read"}
    assert principal.key_thumbprint == issued.credential


def test_a_principal_that_proved_a_secret_has_no_key(world: World) -> None:
    issued = world.client(Secret())
    assert world.principal(world.by_secret(issued).access_token).key_thumbprint is None


def test_the_test_token_is_right_when_nothing_is_changed(world: World) -> None:
    assert world.principal(made_token(world)).token_id == "token-1"


@pytest.mark.parametrize("token", [None, "", "a", "a.b", "a.b.c", "a.b.c.d", "..", "é.é.é", "[" * 9000])
def test_what_is_no_token_is_refused(world: World, token: str | None) -> None:
    assert_refused(world, token)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"aud": "https://other.example"},
        {"aud": [AUDIENCE]},
        {"aud": None},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": 9_999_999_999},
        {"exp": 1.5e9},
        {"iat": None},
        {"iat": 9_999_999_999},
        {"nbf": 9_999_999_999},
        {"jti": None},
        {"jti": ""},
        {"jti": "a\u0000b"},
        {"sub": "lakeside-sis"},
        {"client_id": None},
        {"scope": None},
        {"scope": ["records:read"]},
        {CREDENTIAL_CLAIM: None},
        {CREDENTIAL_CLAIM: "another"},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(world: World, changed: dict[str, object]) -> None:
    assert_refused(world, made_token(world, None, **changed))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": 1},
        {"kid": "another"},
        {"jku": "https://evil.example/keys"},
        {"jwk": {"kty": "OKP"}},
        {"x5u": "https://evil.example"},
        {"crit": ["exp"]},
    ],
)
def test_a_token_that_chooses_its_own_reading_is_refused(world: World, header: dict[str, object]) -> None:
    assert_refused(world, made_token(world, header))


def test_a_token_signed_by_another_key_is_refused(world: World) -> None:
    issued = world.client()
    forger = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\3")
    header, payload, _ = world.by_key(issued).access_token.split(".")
    _, _, signature = signed({}, forger, {}).split(".")
    assert_refused(world, f"{header}.{payload}.{signature}")


def test_an_unsigned_token_is_refused(world: World) -> None:
    _, payload, _ = world.by_key(world.client()).access_token.split(".")
    assert_refused(world, f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}.AA")


def test_a_second_spelling_of_a_token_is_refused(world: World) -> None:
    token = world.by_key(world.client()).access_token
    for spelling in (token + "=", token + "==", " " + token, token + "\n", token.replace(".", "=.", 1)):
        assert_refused(world, spelling)


def test_a_token_ends_with_its_life_and_the_leeway(world: World) -> None:
    token = world.by_key(world.client()).access_token
    world.later(seconds=609)
    world.principal(token)
    world.later(seconds=1)
    assert_refused(world, token)


def test_a_suspension_acts_on_the_very_next_answer(world: World) -> None:
    issued = world.client()
    token = world.by_key(issued).access_token
    world.principal(token)
    suspend_client(issued.client, world.desk)
    assert_refused(world, token)


def test_a_revoked_token_is_refused(world: World) -> None:
    token = world.by_key(world.client()).access_token
    token_id = world.principal(token).token_id
    with world.database.write() as connection:
        connection.execute(insert(token_revoked).values(token_id=token_id, expires_at=0))
    assert_refused(world, token)


def test_a_token_ends_with_the_credential_it_was_obtained_with(world: World) -> None:
    issued = world.client()
    rotate_client(issued.client, KeyPair(), timedelta(minutes=5), world.desk)
    token = world.by_key(issued).access_token
    world.principal(token)
    world.later(minutes=5)
    assert_refused(world, token)


def test_a_token_of_an_unknown_client_is_refused(world: World) -> None:
    assert_refused(world, made_token(world, sub="ghost", client_id="ghost"))


def test_a_scope_that_the_client_does_not_have_is_not_granted_by_a_token(world: World) -> None:
    world.client(new=NewClient("other", "riverton", "Other", ("placement",), scopes=("audit:tiles",)))
    assert world.principal(made_token(world, scope="records:read audit:tiles")).scopes == {"records:read"}
