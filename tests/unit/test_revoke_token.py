"""A client ends its own token before its time, at once and everywhere; nobody ends another's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.clients import Issued, Secret, suspend_client
from gateway.errors import AuthenticationError
from gateway.prove_client import ClientRefused, TokenRequestRefused
from gateway.revoke_token import revoke_token
from gateway.store.schema import token_revoked
from tests.oauth_world import RIVERTON, World, assertion_form, basic


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def revoke(world: World, issued: Issued, token: str | None, **claims: object) -> None:
    form = assertion_form(world.assertion(issued, **claims))  # type: ignore[arg-type]
    revoke_token([*form, *([] if token is None else [("token", token)])], None, world.issuer, world.verifier)


def test_a_revoked_token_is_refused_and_the_others_serve_on(world: World) -> None:
    issued = world.client()
    ended, kept = world.by_key(issued).access_token, world.by_key(issued).access_token
    revoke(world, issued, ended)
    with pytest.raises(AuthenticationError):
        world.principal(ended)
    assert world.principal(kept).client == issued.client


def test_a_revocation_is_on_the_log_and_moves_the_epoch(world: World) -> None:
    issued = world.client()
    token = world.by_key(issued).access_token
    before, token_id = world.epoch(), world.principal(token).token_id
    revoke(world, issued, token)
    last = world.leaves()[-1]
    assert (last["kind"], last["client"], last["token"]) == ("token_revocation", issued.client, token_id)
    assert world.epoch() == before + 1


@pytest.mark.parametrize("token", ["x.y.z", "nonsense", "a" * 9_000])
def test_what_is_no_good_token_needs_nothing_done(world: World, token: str) -> None:
    issued = world.client()
    before = world.epoch()
    revoke(world, issued, token)
    assert world.epoch() == before
    assert world.leaves()[-1]["token"] == "not good"
    assert token not in str(world.leaves())


def test_revoking_twice_is_no_error(world: World) -> None:
    issued = world.client()
    token = world.by_key(issued).access_token
    revoke(world, issued, token)
    revoke(world, issued, token)
    with pytest.raises(AuthenticationError):
        world.principal(token)


def test_nobody_revokes_anothers_token(world: World) -> None:
    mine, other = world.client(), world.client(new=replace(RIVERTON, client="riverton-other"))
    token = world.by_key(mine).access_token
    with pytest.raises(TokenRequestRefused) as refused:
        revoke(world, other, token)
    assert refused.value.oauth_error == "invalid_grant"
    assert world.principal(token).client == mine.client
    assert world.leaves()[-1]["why"] == "another_clients_token"


def test_a_request_without_a_token_says_what_to_send(world: World) -> None:
    issued = world.client()
    with pytest.raises(TokenRequestRefused, match="`token`"):
        revoke(world, issued, None)


def test_who_cannot_prove_itself_revokes_nothing(world: World) -> None:
    issued = world.client(Secret())
    token = world.by_secret(issued).access_token
    with pytest.raises(ClientRefused):
        revoke_token([("token", token)], basic(issued.client, "wrong"), world.issuer, world.verifier)
    assert world.principal(token).client == issued.client
    revoke_token([("token", token)], basic(issued.client, issued.secret or ""), world.issuer, world.verifier)
    with pytest.raises(AuthenticationError):
        world.principal(token)


def test_a_proof_is_good_once_and_not_after_a_suspension(world: World) -> None:
    issued = world.client()
    token = world.by_key(issued).access_token
    revoke(world, issued, token, jti="once")
    with pytest.raises(ClientRefused):
        revoke(world, issued, token, jti="once")
    suspend_client(issued.client, world.desk)
    with pytest.raises(ClientRefused):
        revoke(world, issued, token)


def test_a_revocation_is_kept_until_the_token_is_worthless_and_no_longer(world: World) -> None:
    issued = world.client()
    token = world.by_key(issued).access_token
    revoke(world, issued, token)
    world.later(seconds=609)
    with pytest.raises(AuthenticationError):
        world.principal(token)
    world.later(seconds=600)
    revoke(world, issued, world.by_key(issued).access_token)
    with world.database.read() as connection:
        assert len(connection.execute(select(token_revoked)).fetchall()) == 1
