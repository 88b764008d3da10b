"""The Ed-Fi source before an API that this project did not write: Prism, a mock server of others, answers as Ed-Fi's own OpenAPI
document of Data Standard 6 says, and refuses requests that do not fit it.

Prism knows neither tokens nor ends of collections, so a front of ours gives the one and takes its endless `Next-Page-Token` away.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from connectors import tokens
from connectors.kinds import open_source
from gateway.catalog.load import load_catalog
from gateway.catalog.model import Resource
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import EducationRecord, RawRecord, Rejection
from gateway.normalise import normalise
from tests.databases import free_port
from tests.json_server import Asked, JsonServer, Reply, json_server

DOCUMENT = Path(__file__).resolve().parents[3] / "shared" / "data" / "edfi-openapi" / "resources-ds-6.0.yaml"
CATALOG = load_catalog()
START_SECONDS = 90.0
CHANCE = "/by-chance"
"""Below it the mock makes records by chance: members missing, null, empty, lists of any length."""
FEWEST = 20
OFFERED = tuple(name for name, resource in CATALOG.resources.items() if resource.edfi_path is not None)


@contextmanager
def prism() -> Iterator[str | None]:
    """The mock's address; None where Prism or the document is missing."""
    program = os.environ.get("PRISM") or shutil.which("prism")
    if program is None or not DOCUMENT.exists():
        yield None
        return
    port = free_port()
    command = [program, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), str(DOCUMENT)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(timeout=30)


@pytest.fixture(scope="module")
def front() -> Iterator[JsonServer]:
    tokens._KEPT.clear()
    with prism() as mock:
        if mock is None:
            pytest.skip("needs Prism (npm install @stoplight/prism-cli) on PATH or in PRISM, and Ed-Fi's OpenAPI document")
        with json_server(lambda asked: answer(asked, mock)) as server:
            yield server


def answer(asked: Asked, mock: str) -> Reply:
    root = CHANCE if asked.path.startswith(CHANCE) else ""
    base, path = f"http://{asked.host}{root}", asked.path.removeprefix(root)
    if path in ("", "/"):
        urls = {"oauth": f"{base}/oauth/token", "dataManagementApi": f"{base}/data/v3/"}
        return Reply({"version": "7.3", "dataModels": [{"name": "Ed-Fi", "version": "6.0.0"}], "urls": urls})
    if path == "/oauth/token":
        return Reply({"access_token": "t", "expires_in": 1800, "token_type": "bearer"})
    told = {name: asked.headers[name] for name in ("authorization", "accept") if name in asked.headers}
    told["Prefer"] = f"dynamic={'true' if root else 'false'}"
    found = httpx.get(f"{mock}{path.removeprefix('/data/v3')}", params=dict(asked.query), headers=told, timeout=60)
    return Reply(found.content, found.status_code, {"Content-Type": found.headers.get("content-type", "")})


def pulled(base: str, folder: Path, resource: ResourceName) -> list[RawRecord]:
    file = folder / "ods.source.yaml"
    kind = "epp" if all("epp" in person.maintained_by for person in CATALOG.resources[resource].persons.values()) else "district"
    file.write_text(
        f"version: 1\nid: ods\nprovider: lakeside\nmaintainer: {{kind: {kind}}}\nkind: edfi\nbase: {base}\n"
        f"key: k\nsecret: {{env: S}}\nresources: {{{resource}: {{}}}}\n",
        encoding="utf-8",
    )
    pages = list(open_source(read_source(file, CATALOG, {}), lambda _: "s").pull(resource))
    assert not any(page.unaccounted() or page.rejections for page in pages)
    return [record for page in pages for record in page.records]


def filled(record: RawRecord) -> set[str]:
    own = {str(path) for path, text in record.elements.items() if text}
    return own | {
        f"{name}.{path}" for name, listed in record.collections.items() for item in listed for path, text in item.items() if text
    }


def storable(resource: Resource) -> set[str]:
    return {str(element.path) for element in resource.every_element() if element.sensitivity != "prohibited"}


@pytest.mark.parametrize("name", OFFERED)
def test_every_element_has_the_name_that_the_document_gives_it(front: JsonServer, tmp_path: Path, name: ResourceName) -> None:
    resource = CATALOG.resources[name]

    [record] = pulled(front.base, tmp_path, name)

    assert storable(resource) - filled(record) == set()
    outcome = normalise(record, resource, frozenset(element.path for element in resource.every_element()))
    assert isinstance(outcome, EducationRecord), outcome


@pytest.mark.parametrize("name", OFFERED)
def test_records_made_by_chance_fit_unless_their_key_is_empty(front: JsonServer, tmp_path: Path, name: ResourceName) -> None:
    resource = CATALOG.resources[name]
    needed = frozenset(element.path for element in resource.every_element())
    found: list[RawRecord] = []
    while len(found) < FEWEST:
        found += pulled(front.base + CHANCE, tmp_path, name)

    outcomes = [(record, normalise(record, resource, needed)) for record in found]

    refused = [(record, outcome) for record, outcome in outcomes if isinstance(outcome, Rejection)]
    assert {outcome.code for _, outcome in refused} <= {"missing_identity"}
    assert all(not record.elements[ElementPath(outcome.column)].strip() for record, outcome in refused)
    assert len(refused) < len(found)


def test_prism_refuses_what_does_not_fit_the_document(front: JsonServer) -> None:
    address = f"{front.base}/data/v3/ed-fi/candidates"
    assert httpx.get(address, params={"limit": "5"}, headers={"Authorization": "Bearer t"}, timeout=60).status_code == 200
    assert httpx.get(address, params={"limit": "many"}, headers={"Authorization": "Bearer t"}, timeout=60).status_code >= 400
    assert httpx.get(address, params={"limit": "5"}, timeout=60).status_code == 401
