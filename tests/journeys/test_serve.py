"""`gateway serve` ends in order when it is told to end, as systemd and containers tell it."""

from __future__ import annotations

import httpx
import pytest

from tests.journeys.cli import operator


def test_what_was_only_counted_is_on_the_log_after_a_sigterm(tmp_path_factory: pytest.TempPathFactory) -> None:
    somebody = operator(tmp_path_factory.mktemp("serve") / "home", "")
    somebody.run("db", "upgrade")
    with somebody.serving() as client:
        assert client.get("/v1/candidates").status_code == httpx.codes.UNAUTHORIZED
    assert "anonymous_refusals" in somebody.run("audit", "show")
    assert "The log is whole" in somebody.run("audit", "verify")
