"""A OneRoster server of our own, small but strict: three ways to sign in, two ways of pages, a count that can be wrong."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint

from tests.json_server import Asked, JsonServer, Reply, json_server

KEY, SECRET = "the key", "the secret"
CORE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"


@dataclass
class OneRosterServer:
    """What the server holds, by collection, and how it behaves.

    `links` sends the header `Link` (without `first_link` only where there is a next page), `counts` the header `X-Total-Count`
    (with `wrong` added to it), `largest_page` is the most that a page has whatever is asked for, `token_uses` ends a token after
    so many requests. `before` is called with each request for a collection before it is answered.
    """

    path: str = "/ims/oneroster/rostering/v1p2"
    auth: str = "oauth2"
    links: bool = True
    first_link: bool = True
    counts: bool = True
    wrong: int = 0
    largest_page: int = 1000
    token_uses: int = 1_000_000
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    before: Callable[[Asked], Reply | None] = lambda _: None
    tokens: dict[str, int] = field(default_factory=dict)
    signed: list[str] = field(default_factory=list)

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            return self._token(asked)
        if not self._knows(asked):
            return Reply(failure("unauthorisedrequest"), 401)
        told = self.before(asked)
        if told is not None:
            return told
        name = asked.path.removeprefix(f"{self.path}/")
        if name not in self.rows:
            return Reply(failure("unknownobject"), 404)
        return self._page(name, asked)

    def _token(self, asked: Asked) -> Reply:
        basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != basic or asked.form.get("scope") != CORE:
            return Reply({"error": "invalid_client"}, 401)
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.token_uses
        return Reply({"access_token": token, "expires_in": 3600, "token_type": "bearer", "scope": CORE})

    def _knows(self, asked: Asked) -> bool:
        said = asked.headers.get("authorization", "")
        if self.auth == "oauth1":
            return self._is_signed(asked, said)
        if self.auth == "bearer":
            return said == f"Bearer {SECRET}"
        token = said.removeprefix("Bearer ")
        self.tokens[token] = self.tokens.get(token, 0) - 1
        return self.tokens[token] >= 0

    def _is_signed(self, asked: Asked, said: str) -> bool:
        """As oauthlib's own server judges it: key, method, timestamp, a nonce that was not there before, and the signature."""
        address = f"http://{asked.host}{asked.path}" + (f"?{urlencode(asked.query)}" if asked.query else "")
        judge = SignatureOnlyEndpoint(_Clients(self.signed))
        return bool(judge.validate_request(address, asked.method, headers={"Authorization": said} if said else {})[0])

    def _page(self, name: str, asked: Asked) -> Reply:
        rows = self.rows[name]
        if name == "users" and "filter" in asked.query:
            field_, _, wanted = asked.query["filter"].partition("=")
            if field_ != "roles.role":
                return Reply(failure("invalid_filter_field"), 400)
            rows = [row for row in rows if any(role["role"] == wanted.strip("'") for role in row["roles"])]
        elif name == "enrollments" and "filter" in asked.query:
            rows = [row for row in rows if f"role='{row['role']}'" == asked.query["filter"]]
        limit, offset = min(int(asked.query.get("limit", 100)), self.largest_page), int(asked.query.get("offset", 0))
        headers = {"X-Total-Count": str(len(rows) + self.wrong)} if self.counts else {}
        if self.links:
            headers |= self._links(name, asked, limit, offset, len(rows))
        return Reply({name: rows[offset : offset + limit]}, headers=headers)

    def _links(self, name: str, asked: Asked, limit: int, offset: int, total: int) -> dict[str, str]:
        def link(at: int, rel: str) -> str:
            query = urlencode({**asked.query, "limit": limit, "offset": at})
            return f'<http://{asked.host}{self.path}/{name}?{query}>; rel="{rel}"'

        first = [link(0, "first")] if self.first_link else []
        found = [*first, *([link(offset + limit, "next")] if offset + limit < total else [])]
        return {"Link": ", ".join(found)} if found else {}


class _Clients(RequestValidator):
    """Knows one client, and which nonces it has used."""

    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA256",)
    dummy_client = "nobody"

    def __init__(self, signed: list[str]) -> None:
        super().__init__()
        self._signed = signed

    def check_client_key(self, client_key: str) -> bool:
        return bool(client_key)

    def validate_client_key(self, client_key: str, request: object) -> bool:
        return client_key == KEY

    def get_client_secret(self, client_key: str, request: object) -> str:
        return SECRET

    def validate_timestamp_and_nonce(self, client_key: str, timestamp: str, nonce: str, *_: object, **__: object) -> bool:
        fresh = nonce not in self._signed
        self._signed.append(nonce)
        return fresh


def failure(code: str) -> dict[str, Any]:
    """The body of an error, as the standard has it."""
    return {
        "imsx_codeMajor": "failure",
        "imsx_severity": "error",
        "imsx_CodeMinor": {
            "imsx_codeMinorField": [{"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": code}]
        },
    }


def ref(sourced_id: str, kind: str = "org") -> dict[str, str]:
    """A reference to another object."""
    return {"href": f"https://sis.example/{kind}s/{sourced_id}", "sourcedId": sourced_id, "type": kind}


def org(sourced_id: str, kind: str, identifier: str = "", **more: Any) -> dict[str, Any]:
    found = {"sourcedId": sourced_id, "status": "active", "name": f"The {sourced_id}", "type": kind, "identifier": identifier}
    return {**found, **more}


def user(sourced_id: str, *roles: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A user of 1.2."""
    names = {"givenName": f"Given {sourced_id}", "familyName": f"Family {sourced_id}", "enabledUser": "true"}
    return {"sourcedId": sourced_id, "status": "active", "identifier": f"S-{sourced_id}", **names, "roles": list(roles), **more}


def role(name: str, at: str = "school-1", **more: Any) -> dict[str, Any]:
    return {"roleType": "primary", "role": name, "org": ref(at), "beginDate": "2024-08-01", **more}


def session(sourced_id: str, title: str, begins: str, parent: str = "", **more: Any) -> dict[str, Any]:
    found = {"sourcedId": sourced_id, "status": "active", "title": title, "startDate": begins, "schoolYear": "2027"}
    return {**found, "type": "term", **({"parent": ref(parent, "academicSession")} if parent else {}), **more}


def course(sourced_id: str, code: str = "", **more: Any) -> dict[str, Any]:
    return {"sourcedId": sourced_id, "status": "active", "title": f"Course {sourced_id}", "courseCode": code, **more}


def taught(
    sourced_id: str, at: str = "school-1", of: str = "algebra", terms: tuple[str, ...] = ("fall",), **more: Any
) -> dict[str, Any]:
    """A class."""
    named = {"school": ref(at), "course": ref(of, "course"), "terms": [ref(term, "academicSession") for term in terms]}
    return {"sourcedId": sourced_id, "status": "active", "title": f"Title {sourced_id}", **named, **more}


def enrolment(sourced_id: str, user: str, of: str, role: str = "teacher", **more: Any) -> dict[str, Any]:
    named = {"user": ref(user, "user"), "class": ref(of, "class"), "school": ref("school-1")}
    return {"sourcedId": sourced_id, "status": "active", **named, "role": role, **more}


@contextmanager
def oneroster_server(server: OneRosterServer) -> Iterator[JsonServer]:
    """The server, running."""
    with json_server(server.answer) as running:
        yield running
