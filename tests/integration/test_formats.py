"""One page in every format that the agreement offers; what a tag, HEAD and 304 tell, and that each is on the log."""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pyarrow
import pyarrow.parquet
import pytest

from gateway.encode import MEDIA_TYPES
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.world import EXAMPLE, World, placement_world

RESOURCES = ("candidates", "fieldworkExperiences")
CLIENT = "riverton-sis"


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The example, of which the candidates come in every format."""
    folder = tmp_path_factory.mktemp("formats")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        text = EXAMPLE.read_text(encoding="utf-8")
        assert text.count("      candidates:\n") == 1
        file = folder / "formats.yaml"
        offered = "      candidates:\n        formats: [json, ndjson, csv, parquet, arrow]\n"
        file.write_text(text.replace("      candidates:\n", offered), encoding="utf-8")
        placed.agree(file)
        yield placed


def ask(world: World, form: str = "json", resource: str = "candidates", **parameters: str) -> httpx.Response:
    headers = {"accept": MEDIA_TYPES[form]}  # type: ignore[index]
    return world.api.get_as(f"/v1/{resource}", world.token(CLIENT), headers, **parameters)


def flat(record: Any, before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in record.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def in_words(value: Any) -> Any:
    match value:
        case list():
            return [flat(in_words(member)) for member in value]
        case dict():
            return {name: in_words(inner) for name, inner in value.items()}
        case None | bool() | int() | float() | str():
            return value
        case _:
            return value.isoformat()


def test_every_format_has_the_same_records(world: World) -> None:
    data = [flat(record) for record in ask(world, limit="40").json()["data"]]
    expected = [{name: in_words(value) for name, value in record.items()} for record in data]
    lines = ask(world, "ndjson", limit="40").content.splitlines()
    assert [flat(orjson.loads(line)) for line in lines] == data
    table = pyarrow.parquet.read_table(io.BytesIO(ask(world, "parquet", limit="40").content))
    assert [in_words(record) for record in table.to_pylist()] == expected
    stream = pyarrow.ipc.open_stream(ask(world, "arrow", limit="40").content).read_all()
    assert [in_words(record) for record in stream.to_pylist()] == expected
    header, *rows = csv.reader(io.StringIO(ask(world, "csv", limit="40").text, newline=""))
    assert header == list(expected[0])
    assert len(rows) == len(expected)


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
def test_the_entry_is_about_the_bytes_in_their_format(world: World, form: str) -> None:
    answer = ask(world, form, limit="3", count="exact")
    assert answer.headers["content-type"].partition(";")[0] == MEDIA_TYPES[form]  # type: ignore[index]
    leaf = world.leaves("disclosure")[-1]
    salted = b64decode(answer.headers["gateway-body-salt"]) + answer.content
    assert (leaf["body"], leaf["media_type"]) == (hashlib.sha256(salted).hexdigest(), MEDIA_TYPES[form])  # type: ignore[index]
    assert answer.headers["vary"] == "Accept"
    if form != "json":
        assert int(answer.headers["gateway-count"]) > 3
        assert "34%20CFR%2099.33" in answer.headers["gateway-notice"]
        following = ask(world, form, limit="3", cursor=answer.headers["gateway-next"])
        assert following.status_code == httpx.codes.OK
        assert following.content != answer.content


def test_a_format_that_is_not_offered_is_refused_by_its_rule(world: World) -> None:
    for resource, offered in zip(RESOURCES, (True, False), strict=True):
        answer = ask(world, "csv", resource)
        assert (answer.status_code == httpx.codes.OK) is offered
    assert answer.json()["reasons"][0]["rule"] == "GW-FMT-01"


def test_a_format_that_there_is_not_is_refused_on_the_log(world: World) -> None:
    answer = world.api.get_as("/v1/candidates", world.token(CLIENT), {"accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "GW-REQ-06")
    assert world.leaves()[-1]["code"] == "GW-REQ-06"


@pytest.mark.parametrize("form", sorted(MEDIA_TYPES))
def test_a_page_that_is_as_it_was_is_not_sent_again(world: World, form: str) -> None:
    headers = {"accept": MEDIA_TYPES[form]}  # type: ignore[index]
    first = world.api.get_as("/v1/candidates", world.token(CLIENT), headers, limit="5")
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = world.api.get_as("/v1/candidates", world.token(CLIENT), {**headers, "if-none-match": known}, limit="5")
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        leaf = world.leaves("disclosure")[-1]
        assert (leaf["id"], leaf["operation"], leaf["rows"]) == (again.headers["gateway-entry"], "not_modified", "5")
    other = world.api.get_as("/v1/candidates", world.token(CLIENT), {**headers, "if-none-match": tag}, limit="6")
    assert (other.status_code, other.headers["etag"] == tag) == (200, False)


def test_formats_have_tags_of_their_own(world: World) -> None:
    tags = {ask(world, form, limit="5").headers["etag"] for form in MEDIA_TYPES}
    assert len(tags) == len(MEDIA_TYPES)


def test_head_says_what_get_would_and_is_a_disclosure(world: World) -> None:
    got = ask(world, limit="5")
    headers = {"accept": "application/json"}
    described = world.api.get_as("/v1/candidates", world.token(CLIENT), headers, "HEAD", limit="5")
    assert described.status_code == httpx.codes.OK
    for name in ("etag", "content-type", "content-length", "gateway-redisclosure"):
        assert described.headers[name] == got.headers[name]
    leaf = world.leaves("disclosure")[-1]
    assert (leaf["id"], leaf["operation"]) == (described.headers["gateway-entry"], "head")
    refused = world.api.get_as("/v1/staffs", world.token(CLIENT), headers, "HEAD")
    assert refused.status_code == httpx.codes.FORBIDDEN
