"""`gateway serve` answers for metrics where the operator asked for it, on that port alone."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx
import pytest

from tests.databases import free_port
from tests.journeys.cli import Operator, operator
from tests.scraping import scrape

LISTENING = "0A"


def listens_on(port: int) -> set[int]:
    """Every port that the process behind this one listens on (proc(5))."""
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    ports = {row[9]: int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == LISTENING}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            links = [os.readlink(link) for link in folder.iterdir()]
        except OSError:
            continue
        found = {ports[name] for link in links for name in re.findall(r"socket:\[(\d+)\]", link) if name in ports}
        if port in found:
            return found
    raise AssertionError("nobody listens there")


@pytest.fixture
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Operator:
    made = operator(tmp_path_factory.mktemp("metrics") / "home", "")
    made.run("db", "upgrade")
    return made


def test_without_the_setting_nothing_but_the_api_is_listened_on(somebody: Operator) -> None:
    with somebody.serving() as client:
        assert listens_on(somebody.port) == {somebody.port}
        assert client.get("/metrics").status_code == httpx.codes.NOT_FOUND


def test_with_it_metrics_are_on_that_port_of_the_loopback_and_never_on_the_apis(somebody: Operator) -> None:
    port = free_port()
    watched = Operator(somebody.home, "", somebody.port, more=(("GATEWAY_METRICS_PORT", str(port)),))
    with watched.serving() as client:
        assert listens_on(watched.port) == {watched.port, port}
        assert client.get("/v1/candidates").status_code == httpx.codes.UNAUTHORIZED
        # Partners' port knows nothing of it, by whatever name.
        for path in ("/metrics", "/metrics/", "//metrics", "/v1/metrics"):
            assert "gateway_requests" not in client.get(path).text, path
        answer = client.get("/metrics", headers={"host": f"127.0.0.1:{port}", "accept": "text/plain;version=0.0.4"})
        assert answer.status_code == httpx.codes.NOT_FOUND
        found = scrape(port)
        assert found.of("gateway_requests_total", route="/v1/{resource}", method="GET", status="4xx") == 2, (
            "the first, and /v1/metrics"
        )
        assert found.of("gateway_refusals_total", code="GW-AUT-01") == 2
        assert found.of("gateway_database_up") == 1
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.2:{port}/metrics")


def test_a_page_of_sources_can_be_written_before_there_is_any(somebody: Operator, tmp_path: Path) -> None:
    assert "Wrote" in somebody.run("source", "status", "--html", str(tmp_path / "sources.html"))
    assert "No source was ever synced." in (tmp_path / "sources.html").read_text(encoding="utf-8")
