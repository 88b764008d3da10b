"""An Ed-Fi API of our own, small but living: discovery, tokens that end, pages by offset, cursor and partition, change queries."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.json_server import Asked, JsonServer, Reply, json_server

KEY, SECRET = "the key", "the secret"


@dataclass
class EdfiServer:
    """What the server holds and how it behaves. Each row of a collection is (record, change version), each delete and changed key
    (path of the collection, item).

    It lists rows in the order of their last change, and no delete of a key that is there again; `counts` says whether it counts its
    lists of deletes and changed keys. `before` is called with each request before it is answered: there a test moves rows.
    `token_uses` ends a token after so many requests.
    """

    version: int = 7
    model: str = "6.0.0"
    tpdm: bool = False
    cursors: bool = True
    partitions: bool = True
    change_queries: bool = True
    forms_only: bool = False
    token_uses: int = 1_000_000
    largest_page: int = 500
    oldest: int = 0
    newest: int = 0
    snapshot: bool = False
    counts: bool = True
    rows: dict[str, list[tuple[dict[str, Any], int]]] = field(default_factory=dict)
    deletes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    key_changes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    before: Callable[[Asked], Reply | None] = lambda _: None
    tokens: dict[str, int] = field(default_factory=dict)
    base: str = ""

    def put(self, path: str, key: str, **record: Any) -> None:
        """Add a record, or change the one whose `key` member is the same."""
        self.newest += 1
        rows = self.rows.setdefault(path, [])
        rows[:] = [(old, at) for old, at in rows if old[key] != record[key]]
        rows.append((record, self.newest))

    def delete(self, path: str, key: str, value: str) -> None:
        self.newest += 1
        self.rows[path] = [(record, at) for record, at in self.rows[path] if record[key] != value]
        self.deletes.append((path, {"id": value, "changeVersion": self.newest, "keyValues": {key: value}}))

    def rename(self, path: str, key: str, old: str, new: str) -> None:
        self.newest += 1
        [record] = [record for record, _ in self.rows[path] if record[key] == old]
        self.rows[path] = [(other, at) for other, at in self.rows[path] if other[key] != old]
        self.rows[path].append(({**record, key: new}, self.newest))
        values = {"oldKeyValues": {key: old}, "newKeyValues": {key: new}}
        self.key_changes.append((path, {"id": old, "changeVersion": self.newest, **values}))

    def answer(self, asked: Asked) -> Reply:
        told = self.before(asked)
        if told is not None:
            return told
        if asked.path == "/":
            return Reply(self._discovery())
        if asked.path == "/oauth/token":
            return self._token(asked)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) <= 0:
            return Reply({"title": "Authentication Failed"}, 401)
        self.tokens[token] -= 1
        if asked.headers.get("use-snapshot") and not self.snapshot:
            return Reply({"title": "No snapshot"}, 404)
        if asked.path == "/changeQueries/v1/availableChangeVersions":
            return Reply({"oldestChangeVersion": self.oldest, "newestChangeVersion": self.newest})
        if asked.path == "/metadata/dependencies":
            return Reply([{"resource": f"/{path}", "order": at, "operations": ["Create"]} for at, path in enumerate(self.rows, 1)])
        return self._data(asked, asked.path.removeprefix("/data/v3/").removeprefix("/data/"))

    def _discovery(self) -> dict[str, Any]:
        data = f"{self.base}/data/v3/" if self.version == 7 else f"{self.base}/data"
        urls = {
            "dependencies": f"{self.base}/metadata/dependencies",
            "oauth": f"{self.base}/oauth/token",
            "dataManagementApi": data,
        }
        models = [{"name": "Ed-Fi", "version": self.model}, *([{"name": "TPDM", "version": "1.1.0"}] if self.tpdm else [])]
        if self.change_queries:
            urls["changeQueries"] = f"{self.base}/changeQueries/v1/"
        return {"version": str(self.version), "suite": "3", "dataModels": models, "urls": urls}

    def _token(self, asked: Asked) -> Reply:
        basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        by_form = (asked.form.get("client_id"), asked.form.get("client_secret")) == (KEY, SECRET)
        if not (by_form or (asked.headers.get("authorization") == basic and not self.forms_only)):
            return Reply({"error": "invalid_client"}, 401)
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = self.token_uses
        return Reply({"access_token": token, "expires_in": 1800, "token_type": "Bearer"})

    def _data(self, asked: Asked, path: str) -> Reply:
        query = asked.query
        if path.endswith("/deletes") or path.endswith("/keyChanges"):
            listed = self._gone(path) if path.endswith("/deletes") else self._of(path, self.key_changes)
            return self._offsets([item for item in listed if self._within(item["changeVersion"], query)], query, counts=self.counts)
        plain, _, further = path.partition("/partitions")
        rows = [record for record, at in self.rows.get(plain, ()) if self._within(at, query)]
        if path.endswith("/partitions") and not further:
            return self._partitions(rows, query)
        if "pageToken" in query:
            start, end = map(int, query["pageToken"].split("-"))
            return self._cursor(rows, start, end, min(int(query["pageSize"]), self.largest_page))
        if "limit" not in query and self.cursors:
            return self._cursor(rows, 0, len(rows), 25)
        return self._offsets(rows, query)

    def _gone(self, path: str) -> list[dict[str, Any]]:
        """The deletes whose keys no row has again."""
        rows = [record for record, _ in self.rows.get(path.removesuffix("/deletes"), ())]
        told = self._of(path, self.deletes)
        return [item for item in told if not any(item["keyValues"].items() <= record.items() for record in rows)]

    @staticmethod
    def _of(path: str, told: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
        return [item for collection, item in told if path.startswith(f"{collection}/")]

    def _partitions(self, rows: list[Any], query: Any) -> Reply:
        if not self.partitions:
            return Reply({"title": "Not Found"}, 404)
        step = -(-len(rows) // int(query["number"])) or 1
        return Reply({"pageTokens": [f"{start}-{min(start + step, len(rows))}" for start in range(0, len(rows), step)]})

    @staticmethod
    def _cursor(rows: list[Any], start: int, end: int, size: int) -> Reply:
        after = min(start + size, end)
        return Reply(rows[start:after], headers={"Next-Page-Token": f"{after}-{end}"} if after < end else {})

    def _offsets(self, rows: list[Any], query: Any, *, counts: bool = True) -> Reply:
        offset, limit = int(query.get("offset", 0)), min(int(query.get("limit", 25)), self.largest_page)
        headers = {"Total-Count": str(len(rows))} if counts and query.get("totalCount") == "true" else {}
        return Reply(rows[offset : offset + limit], headers=headers)

    @staticmethod
    def _within(at: int, query: Any) -> bool:
        return int(query.get("minChangeVersion", 0)) <= at <= int(query.get("maxChangeVersion", 2**62))


@contextmanager
def edfi_server(server: EdfiServer) -> Iterator[JsonServer]:
    """The server, running."""
    with json_server(server.answer) as running:
        server.base = running.base
        yield running
