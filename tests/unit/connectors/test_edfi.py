"""An Ed-Fi API as a source: nothing is lost while rows move, whichever way of paging the server has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors import tokens
from connectors.base import Incremental, Page, PositionExpired
from connectors.kinds import open_source
from connectors.source import Source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.errors import FileErrors, IngestError
from tests.edfi_server import KEY, SECRET, EdfiServer, edfi_server
from tests.json_server import Asked, JsonServer, Reply

CANDIDATES = ResourceName("candidates")
PATH = "ed-fi/candidates"
CATALOG = load_catalog()
WAYS = {
    "partitions": EdfiServer(),
    "cursor": EdfiServer(partitions=False),
    "offsets": EdfiServer(partitions=False, cursors=False),
    "version 8": EdfiServer(version=8),
    "token by form": EdfiServer(forms_only=True),
    "small pages": EdfiServer(partitions=False, cursors=False, largest_page=7),
}


@pytest.fixture(autouse=True)
def no_tokens() -> Iterator[None]:
    """Each test asks for its own tokens."""
    tokens._KEPT.clear()
    yield
    tokens._KEPT.clear()


def source_file(base: str, more: str = "", resources: str = "{candidates: {}}") -> str:
    return f"""version: 1
id: ods
provider: lakeside
maintainer: {{kind: epp}}
kind: edfi
base: {base}
key: {KEY}
secret: {{env: EDFI_SECRET}}
limits: {{tries: 3}}
{more}
resources: {resources}
"""


@contextmanager
def opened(
    server: EdfiServer, folder: Path, more: str = "", resources: str = "{candidates: {}}"
) -> Iterator[tuple[Any, JsonServer]]:
    with edfi_server(server) as running:
        yield open_source(read(folder, source_file(running.base, more, resources)), lambda _: SECRET), running


def read(folder: Path, text: str) -> Source:
    file = folder / "ods.source.yaml"
    file.write_text(text, encoding="utf-8")
    return read_source(file, CATALOG, {})


def fill(server: EdfiServer, count: int = 60) -> EdfiServer:
    found = replace(server, rows={}, tokens={}, deletes=[], key_changes=[])
    for number in range(count):
        found.put(PATH, "candidateIdentifier", candidateIdentifier=f"C{number}", firstName=f"N{number}")
    return found


def identifiers(pages: Iterator[Page]) -> list[str]:
    found = list(pages)
    assert not any(page.unaccounted() or page.rejections for page in found)
    return [record.elements[ElementPath("candidateIdentifier")] for page in found for record in page.records]


@pytest.mark.parametrize("way", WAYS)
def test_every_row_comes_once_whichever_way_the_server_pages(tmp_path: Path, way: str) -> None:
    with opened(fill(WAYS[way]), tmp_path, "page_rows: 10") as (source, _):
        assert sorted(identifiers(source.pull(CANDIDATES))) == sorted(f"C{number}" for number in range(60))
        assert isinstance(source, Incremental)


@pytest.mark.parametrize("way", WAYS)
def test_a_collection_without_rows_has_none(tmp_path: Path, way: str) -> None:
    with opened(fill(WAYS[way], 0), tmp_path) as (source, _):
        assert identifiers(source.pull(CANDIDATES)) == []


def test_records_have_the_catalogs_words_without_any_mapping(tmp_path: Path) -> None:
    server = EdfiServer()
    server.put(
        PATH,
        "candidateIdentifier",
        id="0" * 32,
        _etag="5",
        link={"rel": "x"},
        candidateIdentifier="C1",
        birthDate="2001-02-03",
        firstGenerationStudent=True,
        tuitionCost=1200.5,
        sexDescriptor="uri://tpdm.ed-fi.org/SexDescriptor#Female",
        personReference={"personId": "P1", "sourceSystemDescriptor": "uri://ed-fi.org/SourceSystemDescriptor#State", "link": {}},
        races=[
            {"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#White"},
            {"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#Asian"},
        ],
        shoeSize=44,
    )
    with opened(server, tmp_path) as (source, _):
        [page] = source.pull(CANDIDATES)
        assert source.unmapped() == {"candidates": ("shoeSize",)}
    [record] = page.records
    filled = {path: text for path, text in record.elements.items() if text}
    assert filled == {
        "candidateIdentifier": "C1",
        "birthDate": "2001-02-03",
        "firstGenerationStudent": "true",
        "tuitionCost": "1200.5",
        "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Female",
        "personReference.personId": "P1",
        "personReference.sourceSystemDescriptor": "uri://ed-fi.org/SourceSystemDescriptor#State",
    }
    assert [member["raceDescriptor"] for member in record.collections["races"]] == [
        "uri://ed-fi.org/RaceDescriptor#White",
        "uri://ed-fi.org/RaceDescriptor#Asian",
    ]


def test_data_standard_5_has_educator_preparation_under_a_path_of_its_own(tmp_path: Path) -> None:
    server = EdfiServer(model="5.2.0", tpdm=True)
    server.put("tpdm/candidates", "candidateIdentifier", candidateIdentifier="C1")
    server.put(
        "ed-fi/credentials", "credentialIdentifier", credentialIdentifier="K1", _ext={"tpdm": {"certificationTitle": "Math"}}
    )
    with opened(server, tmp_path, resources="{candidates: {}, credentials: {}}") as (source, _):
        assert identifiers(source.pull(CANDIDATES)) == ["C1"]
        [page] = source.pull(ResourceName("credentials"))
    assert page.records[0].elements[ElementPath("certificationTitle")] == "Math"


def test_a_token_serves_many_pulls_and_one_that_ends_in_mid_pull_is_replaced(tmp_path: Path) -> None:
    server = fill(EdfiServer(partitions=False))
    with opened(server, tmp_path, "page_rows: 10") as (source, running):
        for _ in range(3):
            assert len(identifiers(source.pull(CANDIDATES))) == 60
        assert [asked.path for asked in running.asked].count("/oauth/token") == 1
        server.tokens.update(dict.fromkeys(server.tokens, 3))
        assert len(identifiers(source.pull(CANDIDATES))) == 60
        assert len(server.tokens) == 2


def test_a_wrong_secret_is_told_without_the_secret(tmp_path: Path) -> None:
    with edfi_server(fill(EdfiServer())) as running:
        source = open_source(read(tmp_path, source_file(running.base)), lambda _: "not the secret")
        with pytest.raises(IngestError, match="does not know this key and secret") as told:
            list(source.pull(CANDIDATES))
    assert "not the secret" not in str(told.value)


def test_an_empty_page_is_no_end(tmp_path: Path) -> None:
    server = fill(EdfiServer(partitions=False))
    pages = iter([Reply([], headers={"Next-Page-Token": "25-60"})])

    def first_is_empty(asked: Asked) -> Reply | None:
        return next(pages, None) if asked.query.get("pageToken") == "25-60" else None

    server.before = first_is_empty
    with opened(server, tmp_path) as (source, _), pytest.raises(IngestError, match="same page again"):
        list(source.pull(CANDIDATES))
    pages = iter([Reply([], headers={"Next-Page-Token": "25-59"})])
    server.before = lambda asked: next(pages, None) if asked.query.get("pageToken") == "25-60" else None
    with opened(server, tmp_path) as (source, _):
        assert len(identifiers(source.pull(CANDIDATES))) == 59


def test_a_row_that_is_edited_in_mid_pull_is_not_lost_and_loses_no_other(tmp_path: Path) -> None:
    server = fill(EdfiServer(partitions=False, cursors=False))
    window = [("C5", "edited")]

    def edit(asked: Asked) -> Reply | None:
        if asked.query.get("offset") == "41" and window:
            identifier, name = window.pop()
            server.put(PATH, "candidateIdentifier", candidateIdentifier=identifier, firstName=name)
        return None

    with opened(server, tmp_path, "page_rows: 10") as (source, _):
        server.before = edit
        until = source.position(CANDIDATES)
        found = identifiers(source.changes(CANDIDATES, "0", until))
        assert set(found) == {f"C{number}" for number in range(60)} - {"C5"}, "the edited row left the window, and no other did"
        assert identifiers(source.changes(CANDIDATES, until, source.position(CANDIDATES))) == ["C5"]


def test_changes_come_in_the_order_keys_edits_deletes(tmp_path: Path) -> None:
    server = fill(EdfiServer(), 5)
    with opened(server, tmp_path) as (source, _):
        since = source.position(CANDIDATES)
        server.put(PATH, "candidateIdentifier", candidateIdentifier="C9")
        server.rename(PATH, "candidateIdentifier", "C1", "C11")
        server.delete(PATH, "candidateIdentifier", "C2")
        until = source.position(CANDIDATES)
        pages = list(source.changes(CANDIDATES, since, until))
        assert (since, until) == ("5", "8")
        first, last = pages[0], pages[-1]
        assert [(old.elements, new.elements) for old, new in first.rekeyed] == [
            ({"candidateIdentifier": "C1"}, {"candidateIdentifier": "C11"})
        ]
        assert sorted(identifiers(iter(pages))) == ["C11", "C9"]
        assert [record.elements for record in last.deleted] == [{"candidateIdentifier": "C2"}]
        assert list(source.changes(CANDIDATES, until, until)) == []


def test_an_expired_position_is_told(tmp_path: Path) -> None:
    server = replace(fill(EdfiServer(), 5), oldest=4)
    with opened(server, tmp_path) as (source, _), pytest.raises(PositionExpired):
        list(source.changes(CANDIDATES, "2", "5"))


def test_a_server_without_change_queries_has_no_position(tmp_path: Path) -> None:
    with opened(fill(EdfiServer(change_queries=False), 5), tmp_path) as (source, _):
        assert source.position(CANDIDATES) is None


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    server = fill(EdfiServer())
    busy = iter([Reply({}, 429, {"Retry-After": "0"}), Reply({}, 503, {"Retry-After": "0"})])
    server.before = lambda asked: next(busy, None) if asked.path.endswith("candidates") else None
    with opened(server, tmp_path) as (source, _):
        assert len(identifiers(source.pull(CANDIDATES))) == 60


def test_a_page_that_fails_promotes_nothing(tmp_path: Path) -> None:
    server = fill(EdfiServer())
    server.before = lambda asked: Reply({}, 500) if asked.query.get("pageToken", "").startswith("30-") else None
    with opened(server, tmp_path, "page_rows: 10") as (source, _), pytest.raises(IngestError, match="status 500"):
        list(source.pull(CANDIDATES))


def test_a_snapshot_that_is_not_there_is_told(tmp_path: Path) -> None:
    with opened(fill(EdfiServer(snapshot=True), 3), tmp_path, "snapshot: true") as (source, running):
        assert len(identifiers(source.pull(CANDIDATES))) == 3
        assert all(asked.headers["use-snapshot"] == "true" for asked in running.asked if asked.path.startswith("/data/"))
    with opened(fill(EdfiServer(), 3), tmp_path, "snapshot: true") as (source, _), pytest.raises(IngestError, match="no snapshot"):
        list(source.pull(CANDIDATES))


def test_filters_and_a_path_of_its_own_are_asked_for(tmp_path: Path) -> None:
    server = EdfiServer()
    server.put("local/candidates", "candidateIdentifier", candidateIdentifier="C1")
    resources = "{candidates: {path: local/candidates, filter: {programName: Teaching}}}"
    with opened(server, tmp_path, resources=resources) as (source, running):
        assert identifiers(source.pull(CANDIDATES)) == ["C1"]
        data = [asked for asked in running.asked if asked.path.startswith("/data/")]
    assert data
    assert all(asked.query["programName"] == "Teaching" for asked in data)


def test_mistakes_in_the_connection_are_told_with_their_places(tmp_path: Path) -> None:
    text = (
        source_file("http://ods.example")
        .replace("secret: {env: EDFI_SECRET}", "secret: hunter2")
        .replace("limits: {tries: 3}", "page_rows: 501")
    )
    with pytest.raises(FileErrors) as told:
        read(tmp_path, text)
    lines = [str(problem) for problem in told.value.problems]
    assert len(lines) == 3
    assert "must begin with https" in lines[0]
    assert "write {env: NAME}" in lines[1]
    assert "501" in lines[2]
    assert "hunter2" not in " ".join(lines)
