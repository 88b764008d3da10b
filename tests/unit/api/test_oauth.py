"""The token endpoint answers as RFC 6749 says, and nothing it answers is stored on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from gateway.api.oauth import oauth_router
from gateway.clients import Secret
from gateway.errors import AuthenticationError
from tests.oauth_world import ISSUER, World, assertion_form, basic

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


class Web:
    """The router alone, asked without a socket."""

    def __init__(self, world: World) -> None:
        self._app = FastAPI()
        self._app.include_router(oauth_router(world.issuer, world.verifier))

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, **request: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, **request))

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=ISSUER) as client:
            return await client.request(method, path, **request)


@pytest.fixture
def web(world: World) -> Web:
    return Web(world)


def test_a_token_answer_is_a_bearer_token_that_is_not_stored(world: World, web: Web) -> None:
    answer = web.post("/oauth/token", data=dict(assertion_form(world.assertion(world.client()))))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 600, "records:read")
    assert world.principal(body["access_token"]).client == "riverton-sis"


def test_a_wrong_secret_is_asked_for_basic(world: World, web: Web) -> None:
    issued = world.client(Secret())
    form = {"grant_type": "client_credentials"}
    answer = web.post("/oauth/token", data=form, headers={"Authorization": basic(issued.client, "wrong")})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"] == f'Basic realm="{ISSUER}"'
    assert answer.headers["cache-control"] == "no-store"


def test_a_client_revokes_its_token_and_hears_nothing_more(world: World, web: Web) -> None:
    issued = world.client(Secret())
    header = {"Authorization": basic(issued.client, issued.secret or "")}
    token = web.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=header).json()["access_token"]
    answer = web.post("/oauth/revoke", data={"token": token, "token_type_hint": "access_token"}, headers=header)
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
    with pytest.raises(AuthenticationError):
        world.principal(token)
    assert web.post("/oauth/revoke", data={"token": token}).status_code == 401


def test_two_authorization_headers_are_no_credential(world: World, web: Web) -> None:
    issued = world.client(Secret())
    right = ("Authorization", basic(issued.client, issued.secret or ""))
    form = {"grant_type": "client_credentials"}
    assert web.post("/oauth/token", data=form, headers=[right]).status_code == 200
    answer = web.post("/oauth/token", data=form, headers=[right, right])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("grant_type=client_credentials&grant_type=client_credentials", FORM),
        ('{"grant_type": "client_credentials"}', "application/json"),
        ("x" * 20_000, FORM),
        ("&".join(f"a{number}=1" for number in range(30)), FORM),
        ("grant_type", FORM),
    ],
)
def test_a_body_that_is_no_small_form_is_an_invalid_request(web: Web, content: str, kind: str) -> None:
    answer = web.post("/oauth/token", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_the_metadata_names_the_endpoints_of_the_issuer(web: Web) -> None:
    found = web.get("/.well-known/oauth-authorization-server").json()
    endpoints = (found["issuer"], found["token_endpoint"], found["revocation_endpoint"], found["jwks_uri"])
    assert endpoints == (ISSUER, f"{ISSUER}/oauth/token", f"{ISSUER}/oauth/revoke", f"{ISSUER}/oauth/jwks")


def test_the_published_key_set_holds_no_private_member(web: Web) -> None:
    [key] = web.get("/oauth/jwks").json()["keys"]
    assert set(key) == {"alg", "crv", "kid", "kty", "use", "x"}
