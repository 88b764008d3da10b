"""Speak to an Ed-Fi API (ODS/API 7, API v8): discovery, and pages of a collection that lose no row while rows move.

A collection is read by partitions in parallel where the server has them, else by its cursor, else by offsets from the end
backwards (`edfi_paging`): forwards, a row that goes moves those behind it past the reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.base import PositionExpired
from connectors.edfi_paging import Ask, Backwards, Objects, Stretch
from connectors.http import Answer, Http, HttpPlace
from connectors.json_rows import Json
from connectors.together import Walk, together
from connectors.tokens import Credentials, bearer
from gateway.errors import IngestError

NOT_OFFERED = frozenset({400, 404, 405, 501})
NO_CHANGES = NOT_OFFERED | {403}
"""Answers to who asks for deletes: an older server has none, and reading them is a right of its own (ReadChanges)."""
NO_SNAPSHOT = 404


@dataclass(frozen=True)
class Discovery:
    """What the server says of itself: its addresses, and the versions of its data models by name."""

    data: str
    oauth: str
    changes: str | None
    dependencies: str | None
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
        answer = self._get(self._http, where, {}, accept=NOT_OFFERED)
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
        if "maxChangeVersion" not in filters:
            first = self._get(self._http, where, filters)
            following = first.headers.get("next-page-token")
            if following is not None:
                yield self._objects(first)
                yield from self._walk(self._http, where, filters, following)
                return
        yield from Backwards(self._stretches(where, filters), self._http.shown(where), self._place.page_rows).pages()

    def by_offsets(self, path: str, filters: Mapping[str, str]) -> Iterator[Objects]:
        """A list of deletes or of changed keys, which shrinks when a key is there again.

        Raises PositionExpired where the server has none, does not count it, or lets these credentials not read it.
        """
        where = self._where(path)
        ask = self._stretches(where, filters, needed=False)
        yield from Backwards(ask, self._http.shown(where), self._place.page_rows).pages()

    def offered(self) -> Iterator[str] | None:
        """The paths of all collections below the data API, in the order in which they depend on each other; None where the server
        does not say."""
        where = self.discovery.dependencies
        answer = None if where is None else self._get(self._http, where, {}, accept=NOT_OFFERED)
        if answer is None or answer.status in NOT_OFFERED:
            return None
        listed = self._objects(answer)
        names = (item.get("resource") for item in sorted(listed, key=lambda item: _whole(item.get("order"))))
        return iter(dict.fromkeys(name.strip("/") for name in names if isinstance(name, str)))

    def _discover(self) -> Discovery:
        where = self._http.shown(self._place.http.base)
        found = _object(self._http.send("GET", "", authorised=False).json(where))
        urls = {name.casefold(): url for name, url in _object(found.get("urls")).items()}
        data, oauth = urls.get("datamanagementapi"), urls.get("oauth")
        if not isinstance(data, str) or not isinstance(oauth, str):
            raise IngestError(f"{where} is not the root of an Ed-Fi API: it names no dataManagementApi and oauth. Check base.")
        changes, dependencies = (_text(urls.get(name)) for name in ("changequeries", "dependencies"))
        models = found.get("dataModels")
        listed = [_object(model) for model in models] if isinstance(models, list) else []
        versions = {str(model.get("name", "")).casefold(): str(model.get("version", "")) for model in listed}
        return Discovery(data, oauth, changes, dependencies, versions)

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

    def _stretches(self, where: str, filters: Mapping[str, str], *, needed: bool = True) -> Ask:
        """Ask for a list by offsets. Of one that is not `needed`, PositionExpired says that it cannot be had."""

        def ask(offset: int, most: int, count: bool) -> Stretch:
            window = {"offset": str(offset), "limit": str(most), **({"totalCount": "true"} if count else {})}
            refusals = frozenset() if needed else NO_CHANGES
            answer = self._get(self._http, where, {**filters, **window}, accept=refusals)
            text = answer.headers.get("total-count", "")
            counted = not count or (text.isascii() and text.isdigit())
            if not needed and (answer.status in refusals or not counted):
                raise PositionExpired
            if not counted:
                raise IngestError(f"{self._http.shown(where)} does not say how many rows there are; it cannot be read safely.")
            return Stretch(self._objects(answer), int(text) if count else None)

        return ask

    def _objects(self, answer: Answer) -> Objects:
        """The objects of a page."""
        where = self._http.shown(answer.url)
        found = answer.json(where)
        if not isinstance(found, list):
            raise IngestError(f"{where} is not a collection of an Ed-Fi API: its answer is no list.")
        return [_object(item) for item in found]


def _object(found: Json) -> dict[str, Json]:
    if not isinstance(found, dict):
        raise IngestError("An Ed-Fi API answered with something else than an object where one must be; the source is not read.")
    return found


def _text(found: Json) -> str | None:
    return found if isinstance(found, str) else None


def _whole(found: Json) -> int:
    return found if isinstance(found, int) else 0
