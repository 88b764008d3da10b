"""Tokens are kept for the whole process: each for who owns it, and none is waited for by others."""

from __future__ import annotations

import threading

from connectors.http import Http, HttpPlace
from connectors.tokens import Credentials, access_token
from tests.json_server import Asked, Reply, json_server


def token_reply(asked: Asked) -> Reply:
    return Reply({"access_token": f"of {asked.form['client_secret']}", "token_type": "bearer", "expires_in": 1800})


def by_form(base: str, secret: str) -> Credentials:
    return Credentials(f"{base}/token", "k", secret, styles=("form",))


def test_one_slow_identity_server_keeps_no_other_source_waiting() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(request: Asked) -> Reply:
        asked.set()
        go_on.wait(30)
        return token_reply(request)

    with (
        json_server(slow) as first,
        json_server(token_reply) as second,
        Http(HttpPlace(first.base)) as waiting,
        Http(HttpPlace(second.base)) as other,
    ):
        thread = threading.Thread(target=access_token, args=(waiting, by_form(first.base, "one")), daemon=True)
        thread.start()
        assert asked.wait(30)
        found: list[str] = []
        quick = threading.Thread(target=lambda: found.append(access_token(other, by_form(second.base, "two"))), daemon=True)
        quick.start()
        quick.join(10)
        go_on.set()
        thread.join(30)
        assert found == ["of two"], "it did not wait for the slow one"


def test_a_token_serves_only_those_who_have_the_whole_of_its_credentials() -> None:
    with json_server(token_reply) as server, Http(HttpPlace(server.base)) as http:
        found = [access_token(http, by_form(server.base, secret)) for secret in ("right", "wrong", "right")]
    assert found == ["of right", "of wrong", "of right"]
    assert len(server.asked) == 2
