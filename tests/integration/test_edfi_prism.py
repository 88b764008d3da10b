"""An Ed-Fi API that this project did not write: Prism serves the Ed-Fi Alliance's own specification, and every resource is pulled.

Prism knows no discovery, no tokens and no end of a cursor; a server of ours in front of it gives these, and hands the rest on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import pytest

from connectors import tokens
from connectors.kinds import open_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import EducationRecord, RawRecord, Rejection
from gateway.normalise import normalise
from tests.conftest import lacking
from tests.edfi_server import SECRET
from tests.edfi_source import CATALOG, read, source_file
from tests.json_server import Asked, Reply, json_server
from tests.prism import edfi_specification, prism_program, prism_server

DATA = "/data/v3"
RESOURCES = tuple(CATALOG.resources)
FEWEST = 20
Way = Literal["true", "false"]


@dataclass
class Front:
    """Discovery and tokens, with Prism behind `/data/v3`. `dynamic`: records made by chance, else one that fills every member."""

    prism: str
    base: str = ""
    dynamic: Way = "true"

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/":
            places = {"dataManagementApi": DATA, "oauth": "/oauth/token", "dependencies": "/dependencies"}
            urls = {name: self.base + path for name, path in places.items()}
            return Reply({"version": "7.3", "suite": "3", "dataModels": [{"name": "Ed-Fi", "version": "6.0.0"}], "urls": urls})
        if asked.path == "/oauth/token":
            return Reply({"access_token": "t", "token_type": "bearer", "expires_in": 1800})
        headers = {"Authorization": asked.headers["authorization"], "Prefer": f"dynamic={self.dynamic}"}
        found = httpx.get(self.prism + asked.path.removeprefix(DATA), params=dict(asked.query), headers=headers, timeout=60)
        return Reply(found.content, found.status_code, {"Content-Type": found.headers["content-type"]})


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    program, specification = prism_program(), edfi_specification()
    if specification is None:
        pytest.skip("needs the Ed-Fi Alliance's resources-ds-6.0.yaml: name its folder in EDFI_OPENAPI")
    if program is None:
        lacking("needs Prism: npm install @stoplight/prism-cli@5.14.2, and its command on PATH or in GATEWAY_TEST_PRISM")
    tokens._KEPT.clear()
    with prism_server(str(program), specification) as prism:
        found = Front(prism)
        with json_server(found.answer) as server:
            found.base = server.base
            yield found


def pulled(front: Front, folder: Path, resource: ResourceName, dynamic: Way) -> list[RawRecord]:
    front.dynamic = dynamic
    source = open_source(read(folder, source_file(front.base, resources=f"{{{resource}: {{}}}}")), lambda _: SECRET)
    pages = list(source.pull(resource))
    assert not any(page.unaccounted() or page.rejections for page in pages)
    return [record for page in pages for record in page.records]


def filled(record: RawRecord) -> set[str]:
    """The paths that hold a text."""
    members = ((name, member) for name, listed in record.collections.items() for member in listed)
    inside = {f"{name}.{path}" for name, member in members for path, text in member.items() if text}
    return {str(path) for path, text in record.elements.items() if text} | inside


def every_element(resource: ResourceName) -> frozenset[ElementPath]:
    known = CATALOG.resources[resource]
    return frozenset(known.elements).union(*(collection.elements for collection in known.collections.values()))


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_record_that_fills_every_member_fills_every_element(front: Front, tmp_path: Path, resource: ResourceName) -> None:
    [record] = pulled(front, tmp_path, resource, "false")
    assert filled(record) == every_element(resource)
    assert isinstance(normalise(record, CATALOG.resources[resource], every_element(resource)), EducationRecord)


@pytest.mark.parametrize("resource", RESOURCES)
def test_records_made_by_chance_fit_unless_their_key_is_empty(front: Front, tmp_path: Path, resource: ResourceName) -> None:
    found: list[RawRecord] = []
    while len(found) < FEWEST:
        found += pulled(front, tmp_path, resource, "true")
    known, needed = CATALOG.resources[resource], every_element(resource)
    outcomes = [(record, normalise(record, known, needed)) for record in found]
    refused = [(record, outcome) for record, outcome in outcomes if isinstance(outcome, Rejection)]
    assert {outcome.code for _, outcome in refused} <= {"missing_identity"}
    assert all(not record.elements[ElementPath(outcome.column)].strip() for record, outcome in refused)
    assert len(refused) < len(found)
