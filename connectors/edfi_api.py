"""Speak to an Ed-Fi API (ODS/API 7, API v8): discovery, and pages of a collection that lose no row while rows move.

A collection is read by partitions in parallel where the server has them, else by its cursor, else by offsets from the end
backwards: forwards, a row that an edit takes out of the window moves those behind it past the reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from connectors.http import Answer, Http, HttpPlace
from connectors.json_rows import Json
from connectors.together import Walk, together
from connectors.tokens import Credentials, bearer
from gateway.errors import IngestError

Objects = Sequence[dict[str, Json]]
NOT_OFFERED = frozenset({400, 404, 405, 501})
NO_SNAPSHOT = 404
OLD_NAMESPACE, NAMESPACE = "uri://tpdm.ed-fi.org/", "uri://ed-fi.org/"
MOST_PAGES = 1_000_000


@dataclass(frozen=True)
class Discovery:
    """What the server says of itself: its addresses, and the versions of its data models by name."""

    data: str
    oauth: str
    changes: str | None
    models: Mapping[str, str]

    @property
    def has_tpdm(self) -> bool:
        """Data Standard 5 and before: educator preparation is an extension with a path of its own."""
        return "tpdm" in self.models


@dataclass(frozen=True)
class EdfiPlace:
    """An Ed-Fi API: its root, credentials, how many rows a page has, how many partitions are read at once, and whether it is read
    from its snapshot."""

    http: HttpPlace
    page_rows: int = 500
    parallel: int = 4
    snapshot: bool = False


class EdfiApi:
    """One server. Raises IngestError wherever it does not answer as an Ed-Fi API does."""

    def __init__(self, place: EdfiPlace, key: str, secret: str) -> None:
        self._place = place
        self._http = Http(place.http, bearer(lambda _: self._credentials))
        self.discovery = self._discover()
        self._credentials = Credentials(self.discovery.oauth, key, secret)

    def __enter__(self) -> EdfiApi:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__()

    def newest(self) -> tuple[int, int] | None:
        """The oldest and the newest change version; None where the server keeps none."""
        if self.discovery.changes is None:
            return None
        where = self.discovery.changes.rstrip("/") + "/availableChangeVersions"
        answer = self._get(self._http, where, {}, accept=frozenset({404}))
        if answer.status in NOT_OFFERED:
            return None
        found = _object(answer.json(self._http.shown(where)))
        versions = {name.casefold(): value for name, value in found.items()}
        oldest, newest = versions.get("oldestchangeversion"), versions.get("newestchangeversion")
        if not isinstance(oldest, int) or not isinstance(newest, int):
            raise IngestError(f"{self._http.shown(where)} does not say which change versions there are.")
        return oldest, newest

    def collection(self, path: str, filters: Mapping[str, str]) -> Iterator[Objects]:
        """Every object of a collection that the filters choose, by pages."""
        where = self._where(path)
        tokens = self._partitions(where, filters)
        if tokens is not None:
            yield from together([self._alone(where, filters, token) for token in tokens], self._place.parallel)
            return
        total = self._total(where, filters)
        if not total:
            return
        if "maxChangeVersion" not in filters:
            first = self._get(self._http, where, filters)
            following = first.headers.get("next-page-token")
            if following is not None:
                yield self._objects(first)
                yield from self._walk(self._http, where, filters, following)
                return
        yield from self._backwards(where, filters, total)

    def listed(self, path: str, filters: Mapping[str, str]) -> Iterator[Objects]:
        """The list of deletes or of changed keys. It gets shorter when a record is added again, so it too is read from its end."""
        where = self._where(path)
        total = self._total(where, filters)
        if total:
            yield from self._backwards(where, filters, total)

    def _discover(self) -> Discovery:
        where = self._http.shown(self._place.http.base)
        found = _object(self._http.send("GET", "", authorised=False).json(where))
        urls = {name.casefold(): url for name, url in _object(found.get("urls")).items()}
        data, oauth = urls.get("datamanagementapi"), urls.get("oauth")
        if not isinstance(data, str) or not isinstance(oauth, str):
            raise IngestError(f"{where} is not the root of an Ed-Fi API: it names no dataManagementApi and oauth. Check base.")
        changes = urls.get("changequeries")
        models = found.get("dataModels")
        listed = [_object(model) for model in models] if isinstance(models, list) else []
        versions = {str(model.get("name", "")).casefold(): str(model.get("version", "")) for model in listed}
        return Discovery(data, oauth, changes if isinstance(changes, str) else None, versions)

    def _where(self, path: str) -> str:
        return f"{self.discovery.data.rstrip('/')}/{path}"

    def _get(self, http: Http, where: str, params: Mapping[str, str], *, accept: frozenset[int] = frozenset()) -> Answer:
        if not self._place.snapshot:
            return http.send("GET", where, params=params, accept=accept)
        answer = http.send("GET", where, params=params, headers={"Use-Snapshot": "true"}, accept=accept | {NO_SNAPSHOT})
        if answer.status == NO_SNAPSHOT and NO_SNAPSHOT not in accept:
            raise IngestError(f"{http.shown(where)}: there is no snapshot. Have one made, or take snapshot out of the source file.")
        return answer

    def _partitions(self, where: str, filters: Mapping[str, str]) -> Sequence[str] | None:
        """The tokens at which parts of the collection begin; None where the server has no partitions."""
        params = {**filters, "number": str(self._place.parallel)}
        answer = self._get(self._http, f"{where}/partitions", params, accept=NOT_OFFERED)
        if answer.status in NOT_OFFERED:
            return None
        tokens = _object(answer.json(self._http.shown(where))).get("pageTokens")
        if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
            raise IngestError(f"{self._http.shown(where)}/partitions names no pageTokens.")
        return [str(token) for token in tokens]

    def _alone(self, where: str, filters: Mapping[str, str], token: str) -> Walk[Objects]:
        """A walk with a connection of its own, for a thread of its own."""

        def walk() -> Iterator[Objects]:
            with Http(self._place.http, bearer(lambda _: self._credentials)) as http:
                yield from self._walk(http, where, filters, token)

        return walk

    def _walk(self, http: Http, where: str, filters: Mapping[str, str], token: str) -> Iterator[Objects]:
        """From one token to where the header that names the next is missing; an empty page is no end."""
        met: set[str] = set()
        following: str | None = token
        while following is not None:
            if following in met:
                raise IngestError(f"{http.shown(where)} leads to the same page again; the source is not read.")
            met.add(following)
            answer = self._get(http, where, {**filters, "pageToken": following, "pageSize": str(self._place.page_rows)})
            yield self._objects(answer)
            following = answer.headers.get("next-page-token")

    def _total(self, where: str, filters: Mapping[str, str]) -> int:
        answer = self._get(self._http, where, {**filters, "totalCount": "true", "limit": "0", "offset": "0"})
        text = answer.headers.get("total-count", "")
        if not text.isdigit():
            raise IngestError(f"{self._http.shown(where)} does not say how many rows there are; it cannot be read safely.")
        return int(text)

    def _backwards(self, where: str, filters: Mapping[str, str], total: int) -> Iterator[Objects]:
        """From the last offset to the first: a row that goes moves others to where they are still to be read, and a new one stands
        behind. A page that is shorter than asked for is asked on, whatever the server's limit is.

        Raises IngestError at the end when rows came in between others, so that some were never where it read.
        """
        size = self._place.page_rows
        met: set[bytes] = set()
        for start in range((total - 1) // size * size, -1, -size):
            yield from self._between(where, filters, start, start + size, met)
        now = self._total(where, filters)
        if now > total:
            yield from self._between(where, filters, total, now, met)
        if len(met) < now:
            raise IngestError(f"{self._http.shown(where)}: rows moved while they were read, and some were missed; sync again.")

    def _between(self, where: str, filters: Mapping[str, str], offset: int, end: int, met: set[bytes]) -> Iterator[Objects]:
        while offset < end:
            limit = min(end - offset, self._place.page_rows)
            found = self._objects(self._get(self._http, where, {**filters, **self._window(offset, limit)}))
            if not found:
                return
            met.update(_mark(item) for item in found)
            yield found
            offset += len(found)

    @staticmethod
    def _window(offset: int, limit: int) -> Mapping[str, str]:
        return {"offset": str(offset), "limit": str(limit)}

    def _objects(self, answer: Answer) -> Objects:
        """The objects of a page, descriptors of the older namespace as those of the newer."""
        where = self._http.shown(answer.url)
        found = answer.json(where)
        if not isinstance(found, list):
            raise IngestError(f"{where} is not a collection of an Ed-Fi API: its answer is no list.")
        return [_object(_newer(item)) for item in found]


def _mark(item: dict[str, Json]) -> bytes:
    """What two readings of one row have in common."""
    return blake2b(orjson.dumps(item.get("id") or item), digest_size=8).digest()


def _newer(found: Json, name: str = "") -> Json:
    """With descriptors of the newer namespace: what stands in a member of this name, and nothing else."""
    if isinstance(found, dict):
        return {member: _newer(value, member) for member, value in found.items()}
    if isinstance(found, list):
        return [_newer(item, name) for item in found]
    if isinstance(found, str) and name.casefold().endswith("descriptor") and found.startswith(OLD_NAMESPACE):
        return NAMESPACE + found.removeprefix(OLD_NAMESPACE)
    return found


def _object(found: Json) -> dict[str, Json]:
    if not isinstance(found, dict):
        raise IngestError("An Ed-Fi API answered with something else than an object where one must be; the source is not read.")
    return found
