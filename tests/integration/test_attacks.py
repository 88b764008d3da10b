"""Attacks that no other test makes: names that look alike, headers and parameters that others obey, questions about names.

SECURITY.md says which test holds against which attack.
"""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import select

from gateway.domain.identifiers import ResourceName
from tests.world import NEW_IN_EACH_ANSWER, World

CLIENT = "riverton-sis"
PAGE = "/v1/candidates"
HIDDEN = "birthDate"
"""An element of the resource that the agreement withholds."""
LOOK_ALIKES = (
    "birthdate",
    "BIRTHDATE",
    "birthDate ",
    " birthDate",
    "birthDate\u200b",
    "b\u0131rthDate",
    "birth\u0000Date",
    "birthDate%00",
    "%62irthDate",
    "birthDate.",
    ".birthDate",
    "birthDate[]",
    "$.birthDate",
    "candidates.birthDate",
    "birth_date",
    "gateway:record",
    "*",
    "-lastSurname",
    "!lastSurname",
    "lastSurname as birthDate",
)
AGGREGATES = (
    "min",
    "max",
    "sum",
    "avg",
    "group_by",
    "having",
    "distinct",
    "aggregate",
    "facet",
    "search",
    "q",
    "fields",
    "include",
)
SWITCHES = ("explain", "debug", "pretty", "trace", "verbose", "_method", "format", "callback")
OBEYED_ELSEWHERE = (
    {"range": "bytes=0-9"},
    {"x-http-method-override": "DELETE"},
    {"x-forwarded-for": "10.0.0.1", "x-forwarded-host": "elsewhere.example", "x-forwarded-prefix": "/admin"},
    {"forwarded": "for=10.0.0.1;host=elsewhere.example;proto=http"},
    {"x-original-url": "/v1/staffs", "x-rewrite-url": "/v1/staffs"},
    {"x-institution": "lakeside", "x-client-id": "lakeside-sis", "x-purpose": "pipeline"},
    {"x-debug": "1", "x-explain": "1"},
    {"cache-control": "only-if-cached", "pragma": "cache"},
    {"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"},
    {"content-type": "application/json"},
)


def told(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {name: text for name, text in answer.headers.items() if name not in NEW_IN_EACH_ANSWER}
    return answer.status_code, headers, answer.content


def reason(answer: httpx.Response, name: str) -> tuple[int, str, str]:
    """What is told, but for the name that was asked about and the request's id."""
    body = answer.json()
    return answer.status_code, body["code"], body["detail"].replace(name, "NAME")


@pytest.mark.parametrize("name", LOOK_ALIKES)
@pytest.mark.parametrize("where", ["select", "sort", "filter", "equality"])
def test_a_name_that_looks_like_an_element_is_none(placement: World, name: str, where: str) -> None:
    parameters = {
        "select": {"select": name},
        "sort": {"sort": name},
        "filter": {"filter": f"{name} isnull"},
        "equality": {name: "1"},
    }
    answer = placement.api.get(PAGE, placement.token(CLIENT), **parameters[where])
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "data" not in answer.json()


@pytest.mark.parametrize("name", [*AGGREGATES, *SWITCHES])
def test_there_is_nothing_but_elements_to_ask_for(placement: World, name: str) -> None:
    """A word of another interface is an element that is not there, whatever it is asked about."""
    token = placement.token(CLIENT)
    unknown = placement.api.get(PAGE, token, noSuchElement=HIDDEN)
    for text in ("true", HIDDEN, "lastSurname"):
        answer = placement.api.get(PAGE, token, **{name: text})
        assert answer.status_code == httpx.codes.BAD_REQUEST
        if "_" not in name:
            assert reason(answer, name) == reason(unknown, "noSuchElement")


@pytest.mark.parametrize("headers", OBEYED_ELSEWHERE, ids=lambda headers: next(iter(headers)))
def test_a_header_that_others_obey_changes_nothing(placement: World, headers: dict[str, str]) -> None:
    token = placement.token(CLIENT)
    before = len(placement.leaves("disclosure"))
    plain, tried = (placement.api.get_as(PAGE, token, more, limit="20") for more in ({}, headers))
    assert told(plain) == told(tried)
    assert plain.status_code == httpx.codes.OK
    assert len(placement.leaves("disclosure")) == before + 2


def test_the_published_interface_names_no_element(placement: World) -> None:
    answer = placement.api.get("/openapi.json")
    assert answer.status_code == httpx.codes.OK
    named = {str(name) for resource in placement.gateway.catalog.resources.values() for name in resource.elements}
    assert HIDDEN in named
    assert [name for name in named if f'"{name}"' in answer.text] == []


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/v1", "/v1/", "/v1/$metadata", "/metrics", "/debug", "/admin"])
def test_nothing_names_what_there_is(placement: World, path: str) -> None:
    for token in (None, placement.token(CLIENT)):
        answer = placement.api.get(path, token)
        assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
        assert HIDDEN.encode() not in answer.content


RESOURCES = {
    "noSuchResource": "nothingAtAll",
    "Candidates": "nothingAtAll",
    "auditEntries": "nothingAtAll",
    "staffs": "financialAids",
}
"""Pairs that nobody may tell apart: names of the catalog are public, so that those are told from others."""


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_resource_with_hidden_records_is_one_without_any(placement: World, resource: str) -> None:
    token = placement.token(CLIENT)
    answers = [placement.api.get(f"/v1/{name}", token) for name in (resource, RESOURCES[resource])]
    tables = placement.gateway.tables
    with placement.gateway.database.read() as connection:
        held = [connection.execute(select(tables[ResourceName(name)].rows)).first() for name in ("staffs", "financialAids")]
    assert held[0] is not None
    assert held[1] is None
    assert {answer.status_code for answer in answers} == {httpx.codes.FORBIDDEN}
    first, second = ({name: text for name, text in answer.json().items() if name != "request"} for answer in answers)
    assert first == second


@pytest.mark.parametrize(
    "path", ["/v1/candidates%2f..%2fstaffs", "/v1/candidates/../staffs", "/v1//staffs", "/v1/staffs/", "/V1/staffs"]
)
def test_a_path_has_one_spelling(placement: World, path: str) -> None:
    answer = placement.api.get(path, placement.token(CLIENT))
    assert answer.status_code in {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST, httpx.codes.FORBIDDEN}
    assert "location" not in answer.headers
