"""Rules of sources that are described by paths and pages: whichever way they page, a pull is whole or it is refused."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors import http as http_module
from connectors import tokens
from connectors.kinds import open_source
from connectors.secrets import SecretRef
from connectors.source import Known, Source
from connectors.source_file import read_source_file
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.errors import FileErrors, IngestError
from tests.fault_proxy import Fault, FaultProxy, Seen, fault_proxy, nth, self_signed
from tests.json_server import Asked, Reply, json_server

PEOPLE = ResourceName("people")
KNOWN = {
    PEOPLE: Known(frozenset({"personId", "firstName"}), {"races": frozenset({"raceDescriptor"})}),
    ResourceName("schools"): Known(frozenset({"schoolId"})),
}
SECRET = "hunter2"
ROWS = [{"id": str(number), "name": {"first": f"Ann{number}"}} for number in range(25)]
IDS = [row["id"] for row in ROWS]
SIZE = 10
SECOND = nth(2)

PAGINGS = {
    "page": "{page: {param: page, size_param: size, size: 10}}",
    "page in the body": "{page: {param: page, size_param: size, size: 10, in: body}}\n    method: POST\n    body: {}",
    "counted pages": "{page: {param: page, pages: pages}}",
    "offset": "{offset: {param: offset, limit_param: limit, limit: 10}}",
    "next_link": "{next_link: {path: next}}",
    "next_link with a flag": "{next_link: {path: next, done: done}}",
    "link_header": "{link_header: true}",
    "cursor": "{cursor: {path: cursor, param: after}}",
    "cursor in the body": "{cursor: {path: cursor, param: after, in: body, done: done}}\n    method: POST",
}


@pytest.fixture(autouse=True)
def no_waits_and_no_tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test asks for its own tokens; none waits long before it asks again."""
    usual = http_module.HttpLimits
    monkeypatch.setattr(
        "connectors.http_rules.HttpLimits",
        lambda size=300_000, seconds=1.0, tries=3, wait=0.01: usual(min(size, 300_000), min(seconds, 1.0), tries, 0.01),
    )
    tokens._KEPT.clear()
    yield
    tokens._KEPT.clear()


def rows_answer(asked: Asked) -> Reply:
    """A server that pages in every way there is, all at once."""
    said: dict[str, Any] = {**asked.query, **(orjson.loads(asked.body) if asked.body else {})}
    start = int(said.get("offset") or said.get("after") or (int(said.get("page") or 1) - 1) * SIZE)
    items, end = ROWS[start : start + SIZE], start + SIZE
    more = end < len(ROWS)
    body = {"list": {"items": items}, "total": len(ROWS), "pages": 3, "done": not more, "cursor": end if more else None}
    link = f"{asked.path}?after={end}"
    if more:
        body["next"] = link
    return Reply(body, headers={"Link": f'<{link}>; rel="next", </first>; rel="first"'} if more else {})


def source_text(base: str, paging: str, more: str = "", top: str = "") -> str:
    return f"""version: 1
id: api
provider: lakeside
maintainer: {{kind: epp}}
kind: rest
base: {base}/api
{top}
resources:
  people:
    path: /people
    items: list.items
    paging: {paging}
    {more}
    columns: {{id: personId, name.first: firstName}}
"""


def read(folder: Path, text: str) -> Source:
    file = folder / "api.source.yaml"
    file.write_text(text, encoding="utf-8")
    return read_source_file(file, KNOWN, {})


def pulled(folder: Path, text: str) -> list[str]:
    """The people's identifiers, later ones of the same name instead of earlier ones."""
    connector = open_source(read(folder, text), lambda ref: SECRET)
    pages = list(connector.pull(PEOPLE))
    assert not any(page.unaccounted() or page.rejections for page in pages)
    found = [record for page in pages for record in page.records]
    assert [record.location.line for record in found] == list(range(1, len(found) + 1))
    return [record.elements[ElementPath("personId")] for record in found]


def refusal(folder: Path, text: str) -> str:
    """The message of the error, whose whole trace holds no value and no secret."""
    with pytest.raises(IngestError) as caught:
        pulled(folder, text)
    said = "".join(traceback.format_exception(caught.value)) + str(caught.value)
    assert "Ann1" not in said
    assert SECRET not in said
    return str(caught.value)


@contextmanager
def faulty(fault: Fault | None = None, when: Callable[[Seen], bool] = SECOND, times: int = 1) -> Iterator[FaultProxy]:
    with json_server(rows_answer) as server, fault_proxy(server.base) as proxy:
        if fault is not None:
            proxy.put(fault, when, times)
        yield proxy


@pytest.mark.parametrize("way", PAGINGS)
def test_every_row_comes_once_whichever_way_the_source_pages(tmp_path: Path, way: str) -> None:
    with json_server(rows_answer) as server:
        assert pulled(tmp_path, source_text(server.base, PAGINGS[way], "total: total")) == IDS
        assert {asked.path for asked in server.asked} == {"/api/people"}


@pytest.mark.parametrize("way", PAGINGS)
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.DOWN, Fault.CUT, Fault.DRIP, Fault.CUT_GZIP, Fault.EXPIRED])
def test_a_trouble_that_passes_costs_no_row(tmp_path: Path, way: str, fault: Fault) -> None:
    with faulty(fault) as proxy:
        assert pulled(tmp_path, source_text(proxy.base, PAGINGS[way], top="auth: {bearer: {env: TOKEN}}")) == IDS


@pytest.mark.parametrize("way", PAGINGS)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.SAME_PAGE,
        Fault.HTML,
        Fault.CUT_JSON,
        Fault.BAD_UTF8,
        Fault.NAN,
        Fault.PARTIAL,
        Fault.BOMB,
        Fault.TO_LOOPBACK,
        Fault.TO_METADATA,
    ],
)
def test_a_trouble_that_would_cost_rows_stops_the_source(tmp_path: Path, way: str, fault: Fault) -> None:
    with faulty(fault, times=9) as proxy:
        assert refusal(tmp_path, source_text(proxy.base, PAGINGS[way]))


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.DOWN, Fault.CUT, Fault.ENDLESS, Fault.EXPIRED, Fault.IN_A_CIRCLE])
def test_a_trouble_that_stays_stops_the_source(tmp_path: Path, fault: Fault) -> None:
    with faulty(fault, lambda seen: seen.number > 1, 99) as proxy:
        assert refusal(tmp_path, source_text(proxy.base, PAGINGS["offset"], top="auth: {bearer: {env: TOKEN}}"))


def test_a_certificate_is_checked_by_the_file_that_the_source_file_names(tmp_path: Path) -> None:
    self_signed(tmp_path)
    with json_server(rows_answer) as server, fault_proxy(server.base, tmp_path / "certificate.pem") as proxy:
        assert "certificate does not hold" in refusal(tmp_path, source_text(proxy.base, PAGINGS["page"]))
        assert pulled(tmp_path, source_text(proxy.base, PAGINGS["page"], top="ca_file: certificate.pem")) == IDS


def answering(folder: Path, body: object, paging: str, more: str = "", **headers: str) -> str:
    """The refusal of a source that answers the same each time."""
    with json_server(lambda asked: Reply(body, headers=headers)) as server:
        return refusal(folder, source_text(server.base, paging, more))


ONE = {"list": {"items": [{"id": "1"}]}, "next": "/api/people?after=1", "cursor": "1", "total": 1}


def test_paging_that_does_not_move_is_refused(tmp_path: Path) -> None:
    assert "gave the same page twice" in answering(tmp_path, ONE, PAGINGS["page"])
    assert "gave the same page twice" in answering(tmp_path, ONE, PAGINGS["offset"])
    assert "gave the same page twice" in answering(tmp_path, ONE, PAGINGS["cursor"])


def test_an_address_or_a_cursor_that_comes_again_is_refused_even_where_no_page_has_rows(tmp_path: Path) -> None:
    empty = {**ONE, "list": {"items": []}}
    for way in ("next_link", "cursor"):
        assert "leads back to a page that was read" in answering(tmp_path, empty, PAGINGS[way])
    link = {"Link": '</api/people?after=1>; rel="prev next"'}
    assert "leads back to a page that was read" in answering(tmp_path, empty, PAGINGS["link_header"], **link)


def test_a_list_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.rest_paging.MOST_PAGES", 20)
    with json_server(lambda asked: Reply({"list": {"items": [{"id": asked.query["page"]}]}})) as server:
        assert "has more than 20 pages" in refusal(tmp_path, source_text(server.base, PAGINGS["page"]))
        assert len(server.asked) == 20


def test_fewer_rows_than_the_source_said_are_refused(tmp_path: Path) -> None:
    found = answering(tmp_path, {**ONE, "total": 7}, "{none: true}", "total: total")
    assert found == "people: the source says that it has 7 items, and gave 1; the source is not read."
    with json_server(lambda asked: Reply({**ONE, "total": "1"})) as server:
        assert pulled(tmp_path, source_text(server.base, "{none: true}", "total: total")) == ["1"]


@pytest.mark.parametrize("total", [None, "many", True, 1.5, "9" * 30])
def test_a_total_that_is_no_number_is_refused(tmp_path: Path, total: object) -> None:
    assert "has no whole number at total" in answering(tmp_path, {**ONE, "total": total}, "{none: true}", "total: total")


def test_a_short_page_is_not_the_end(tmp_path: Path) -> None:
    """A server may give less than it was asked for."""

    def answer(asked: Asked) -> Reply:
        start = int(asked.query["offset"])
        return Reply({"list": {"items": ROWS[start : start + 3]}})

    with json_server(answer) as server:
        assert pulled(tmp_path, source_text(server.base, PAGINGS["offset"])) == IDS


@pytest.mark.parametrize("body", [{}, {"list": None}, {"list": {"items": "none"}}, {"message": "no"}, [], "no", None])
def test_an_answer_without_a_list_is_refused(tmp_path: Path, body: object) -> None:
    assert "the answer has no list at list.items" in answering(tmp_path, body, PAGINGS["page"])


def test_a_source_that_leaves_an_empty_list_out_is_understood_where_its_file_says_so(tmp_path: Path) -> None:
    with json_server(lambda asked: Reply({})) as server:
        assert pulled(tmp_path, source_text(server.base, PAGINGS["page"], "items_when_empty: absent")) == []
    assert "has no list" in answering(tmp_path, [], PAGINGS["page"], "items_when_empty: absent")


def test_a_list_of_one_may_be_written_as_the_one(tmp_path: Path) -> None:
    with json_server(lambda asked: Reply({"list": {"items": {"id": "1"}}})) as server:
        assert pulled(tmp_path, source_text(server.base, "{none: true}")) == ["1"]


def test_an_answer_may_be_the_list(tmp_path: Path) -> None:
    with json_server(lambda asked: Reply([{"id": "1"}])) as server:
        text = source_text(server.base, "{none: true}").replace("    items: list.items\n", "")
        assert pulled(tmp_path, text) == ["1"]
    with json_server(lambda asked: Reply({"id": "1"})) as server:
        assert "has no list of its own; name the path of the list as items" in refusal(
            tmp_path, source_text(server.base, "{none: true}").replace("    items: list.items\n", "")
        )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"done": False}, "says that more comes, and nothing at next says where"),
        ({"done": "yes", "next": "/x"}, "neither true nor false at done"),
        ({"next": "/x"}, "neither true nor false at done"),
        ({"done": False, "next": {"href": "/x"}}, "no text at next"),
        ({"done": False, "next": True}, "no text at next"),
        ({"done": False, "next": "http://169.254.169.254/x"}, "which is another machine"),
        ({"done": False, "next": "http://[x"}, "address that cannot be read"),
    ],
)
def test_an_answer_that_does_not_say_how_to_go_on_is_refused(tmp_path: Path, body: dict[str, Any], message: str) -> None:
    assert message in answering(tmp_path, {"list": {"items": []}, **body}, PAGINGS["next_link with a flag"])


def test_an_answer_that_is_nested_without_end_is_refused(tmp_path: Path) -> None:
    for depth, message in ((300, "nested too deeply"), (2000, "not JSON")):
        body = b'{"list": {"items": [' + b"[" * depth + b"]" * depth + b"]}}"
        assert message in answering(tmp_path, body, PAGINGS["page"])


def test_a_row_that_is_no_object_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    with json_server(lambda asked: Reply({"list": {"items": ["Ann1", {"id": "2"}, {"id": ["3"]}]}})) as server:
        connector = open_source(read(tmp_path, source_text(server.base, "{none: true}")), lambda ref: SECRET)
        [page] = connector.pull(PEOPLE)
    assert [(found.location.line, found.column, found.code) for found in page.rejections] == [
        (1, "", "not_an_object"),
        (3, "id", "not_a_scalar"),
    ]
    assert [record.elements[ElementPath("personId")] for record in page.records] == ["2"]


def test_names_that_no_rule_mentions_are_told_as_drift(tmp_path: Path) -> None:
    with json_server(rows_answer) as server:
        text = source_text(server.base, "{none: true}").replace(", name.first: firstName", "")
        connector = open_source(read(tmp_path, text), lambda ref: SECRET)
        list(connector.pull(PEOPLE))
        assert connector.unmapped() == {"people": ("name",)}
        assert connector.may_repeat()


def test_collections_are_lists_in_the_row(tmp_path: Path) -> None:
    body = {"list": {"items": [{"id": "1", "who": {"races": [{"code": "White"}, {"code": "Asian"}]}}]}}
    with json_server(lambda asked: Reply(body)) as server:
        more = "collections: {races: {each: who.races, columns: {code: raceDescriptor}}}"
        connector = open_source(read(tmp_path, source_text(server.base, "{none: true}", more)), lambda ref: SECRET)
        [page] = connector.pull(PEOPLE)
    assert page.records[0].collections == {"races": ({"raceDescriptor": "White"}, {"raceDescriptor": "Asian"})}


# Signing in


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("{bearer: {env: T}}", "authorization", f"Bearer {SECRET}"),
        (
            "{basic: {user: api, password: {env: T}}}",
            "authorization",
            f"Basic {base64.b64encode(f'api:{SECRET}'.encode()).decode()}",
        ),
        (
            "{basic: {user: {env: U}, password: {env: T}}}",
            "authorization",
            f"Basic {base64.b64encode(f'{SECRET}:{SECRET}'.encode()).decode()}",
        ),
        ("{basic: {user: {env: U}}}", "authorization", f"Basic {base64.b64encode(f'{SECRET}:'.encode()).decode()}"),
        ("{header: {name: X-Api-Key, value: {env: T}}}", "x-api-key", SECRET),
    ],
)
def test_every_request_is_signed_in_by_a_header(tmp_path: Path, auth: str, header: str, value: str) -> None:
    with json_server(rows_answer) as server:
        top = f"auth: {auth}\nheaders: {{X-Tenant: lakeside}}"
        assert pulled(tmp_path, source_text(server.base, PAGINGS["next_link"], top=top)) == IDS
        assert {asked.headers[header] for asked in server.asked} == {value}
        assert {asked.headers["x-tenant"] for asked in server.asked} == {"lakeside"}


def test_every_request_is_signed_in_by_its_query_also_that_of_a_link(tmp_path: Path) -> None:
    with json_server(rows_answer) as server:
        top = "auth: {query: {name: key, value: {env: T}}}"
        assert pulled(tmp_path, source_text(server.base, PAGINGS["link_header"], "query: {kind: all}", top)) == IDS
        assert [asked.query["key"] for asked in server.asked] == [SECRET] * 3
        assert [asked.query.get("kind") for asked in server.asked] == ["all", None, None]


def test_a_secret_in_the_query_is_in_no_message(tmp_path: Path) -> None:
    top = "auth: {query: {name: key, value: {env: T}}}"
    with json_server(lambda asked: Reply({}, 403)) as server:
        assert "may not read this" in refusal(tmp_path, source_text(server.base, PAGINGS["page"], top=top))


class TokenServer:
    """Gives tokens, and rows to who has the last one."""

    def __init__(self, instance: str | None = None) -> None:
        self.given = 0
        self.instance = instance
        self.forget_after: int | None = None
        self.forms: list[dict[str, str]] = []

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/oauth/token":
            self.given += 1
            self.forms.append({**asked.form, "authorization": asked.headers.get("authorization", "")})
            return Reply(
                {"access_token": f"t{self.given}", "token_type": "Bearer", "expires_in": 3600, "instance_url": self.instance}
            )
        if self.forget_after == 0:
            self.forget_after, self.given = None, self.given + 1
        elif self.forget_after is not None:
            self.forget_after -= 1
        if asked.headers.get("authorization") != f"Bearer t{self.given}":
            return Reply({}, 401)
        return rows_answer(asked)


OAUTH = "auth: {oauth2: {token_url: /oauth/token, key: me, secret: {env: T}, scope: read, style: form, audience: api"


def test_a_token_is_asked_for_once_and_again_when_the_source_forgets_it(tmp_path: Path) -> None:
    server = TokenServer()
    with json_server(server.answer) as running:
        text = source_text(running.base, PAGINGS["cursor"], top=OAUTH + "}}")
        assert pulled(tmp_path, text) == IDS
        assert pulled(tmp_path, text) == IDS
        assert len(server.forms) == 1
        server.forget_after = 1
        assert pulled(tmp_path, text) == IDS
        assert len(server.forms) == 2
    assert server.forms[0] == {
        "grant_type": "client_credentials",
        "audience": "api",
        "scope": "read",
        "client_id": "me",
        "client_secret": SECRET,
        "authorization": "",
    }


def test_the_answer_with_the_token_may_say_where_the_records_are(tmp_path: Path) -> None:
    server = TokenServer()
    with json_server(server.answer) as records, json_server(server.answer) as login:
        server.instance = records.base
        text = source_text(login.base, PAGINGS["next_link"], top=OAUTH + ", base_from: instance_url}}\nallow_hosts: [HOST]")
        host = records.base.removeprefix("http://")
        assert pulled(tmp_path, text.replace("HOST", host).replace("/people", "/api/people")) == IDS
        assert [asked.path for asked in login.asked] == ["/oauth/token"]
        assert {asked.path for asked in records.asked} == {"/api/people"}


@pytest.mark.parametrize(
    ("instance", "message"),
    [
        ("http://169.254.169.254", "which is another machine"),
        ("http://127.0.0.1:9", "which is another machine"),
        (None, "the answer with the token holds no instance_url"),
    ],
)
def test_a_token_does_not_lead_to_a_machine_that_the_file_does_not_name(tmp_path: Path, instance: str | None, message: str) -> None:
    with json_server(TokenServer(instance).answer) as running:
        text = source_text(running.base, PAGINGS["cursor"], top=OAUTH + ", base_from: instance_url}}")
        assert message in refusal(tmp_path, text)
        assert [asked.path for asked in running.asked] == ["/oauth/token"]


# Source files


def problems(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(FileErrors) as caught:
        read(folder, text)
    assert SECRET not in str(caught.value)
    return [(problem.line, problem.sentence) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("top", "message"),
    [
        (f"auth: {{bearer: {SECRET}}}", "bearer must say where the secret is; write {env: NAME}, {file: PATH} or {kms: TEXT}"),
        ("auth: {}", "auth must say one way to sign in; write one of bearer, basic, header, query, oauth2, oauth1 under it"),
        ("auth: {beaer: {env: T}}", '"beaer" is not a member of auth; did you mean "bearer"?'),
        ("auth: {basic: {password: {env: T}}}", 'basic lacks "user"; add user:'),
        ("auth: {header: {name: X Key, value: {env: T}}}", "the name of a header is letters, digits and hyphens"),
        ("auth: {oauth2: {key: a, secret: {env: T}}}", 'oauth2 lacks "token_url"; add token_url:'),
        ("auth: {oauth2: {token_url: /t, key: a, secret: {env: T}, style: jwt}}", '"jwt" is not a style: basic, form'),
        (
            "auth: {oauth2: {token_url: /t, key: a, secret: {env: T}, base_from: id}}",
            '"id" is not a base_from: instance_url',
        ),
        (f"headers: {{Authorization: {SECRET}}}", "Authorization is a secret and does not stand in clear; say it under auth"),
        (f"headers: {{x-api-key: {SECRET}}}", "x-api-key is a secret and does not stand in clear"),
        ("headers: {'X Key': a}", "the name of a header is letters, digits and hyphens; write it as in X-Api-Key"),
    ],
)
def test_mistakes_in_how_to_sign_in_are_told_with_their_line(tmp_path: Path, top: str, message: str) -> None:
    found = problems(tmp_path, source_text("https://api.example", PAGINGS["page"], top=top))
    assert [line for line, _ in found] == [7]
    assert message in found[0][1]


@pytest.mark.parametrize(
    ("paging", "message"),
    [
        ("{}", "paging must say one way; write one of page, offset, next_link, cursor, link_header, none under it"),
        ("{none: true, link_header: true}", "paging must say one way"),
        ("{none: false}", "none is either true or not there; write none: true"),
        ("{pages: {}}", '"pages" is not a member of paging; did you mean "page"?'),
        ("{page: {size: 5}}", 'page lacks "param"'),
        ("{page: {param: p, size: 5}}", "page needs both size_param and size, or neither"),
        ("{offset: {param: p, limit_param: 5}}", "offset needs both limit_param and limit, or neither"),
        ("{offset: {param: p, limit_param: l, limit: many}}", '"many" is not a whole number'),
        ("{cursor: {path: c}}", 'cursor lacks "param"'),
        ("{next_link: {path: }}", "path must be a text"),
        ("{page: {param: p, in: header}}", '"header" is not a in: body, query'),
        ("{page: {param: p, in: body}}", "paging goes into the body, and a GET has none; write method: POST, or in: query"),
    ],
)
def test_mistakes_in_how_to_page_are_told_with_their_line(tmp_path: Path, paging: str, message: str) -> None:
    found = problems(tmp_path, source_text("https://api.example", paging))
    assert {line for line, _ in found} == {12}
    assert any(message in sentence for _, sentence in found)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    path: /people\n", "", 'resource people lacks "path"'),
        ("path: /people", "path: https://else.example/people", "path is what comes after the base"),
        ("path: /people", "path: people?all=1", "write the address under base, and its query under query"),
        ("items: list.items", "method: PUT", '"PUT" is not a method: GET, POST'),
        ("items: list.items", "body: {a: 1}", "a GET has no body; write method: POST, or say it under query"),
        ("items: list.items", f"query: {{api_key: {SECRET}}}", "api_key is a secret and does not stand in clear"),
        ("items: list.items", "items_when_empty: no", '"no" is not a items_when_empty: absent, listed'),
        ("items: list.items", "body: {a: .inf, b: 1e}\n    method: POST", "a is not a number that JSON has"),
    ],
)
def test_mistakes_in_a_request_are_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    found = problems(tmp_path, source_text("https://api.example", PAGINGS["page"]).replace(old, new))
    assert any(message in sentence for _, sentence in found)


def test_a_body_has_the_numbers_flags_and_lists_that_yaml_has(tmp_path: Path) -> None:
    more = 'method: POST\n    body: {a: 1, b: 1.5, c: true, d: null, e: "1", f: [x, {g: 2}], h: 2026-01-01}'
    with json_server(lambda asked: Reply({"list": {"items": []}})) as server:
        pulled(tmp_path, source_text(server.base, "{none: true}", more))
        assert server.asked[0].body == b'{"a":1,"b":1.5,"c":true,"d":null,"e":"1","f":["x",{"g":2}],"h":"2026-01-01"}'


def test_the_mapping_of_a_resource_changes_with_what_is_asked_and_never_holds_a_secret(tmp_path: Path) -> None:
    top = "auth: {basic: {user: api, password: {env: T}}}"
    first = read(tmp_path, source_text("https://api.example", PAGINGS["page"], top=top))
    second = read(tmp_path, source_text("https://api.example", PAGINGS["page"], "query: {a: b}", top))
    assert first.mapping_of(PEOPLE) != second.mapping_of(PEOPLE)
    assert first.resources[PEOPLE].file == "people"
    assert second.resources[PEOPLE].file == "people (people)"
    assert SecretRef("env", "T") in (first.connection.auth.password,)  # type: ignore[attr-defined]


def test_nothing_is_asked_before_the_first_pull(tmp_path: Path) -> None:
    with json_server(rows_answer) as server:
        connector = open_source(read(tmp_path, source_text(server.base, PAGINGS["page"])), lambda ref: SECRET)
        assert connector.resources() == (PEOPLE,)
        assert connector.rows_in(PEOPLE) is None
        assert server.asked == []
