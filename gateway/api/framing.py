"""Frame a request: query string -> `AccessRequest`, without knowing what is permitted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gateway.domain.access import AccessRequest
from gateway.domain.filtering import SortBy
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.errors import RequestError
from gateway.parse_filter import parse_filter

LARGEST_PAGE = 1000
USUAL_PAGE = 100
MOST_PARAMETERS = 50
LONGEST_VALUE = 2_000
LONGEST_FILTER = 4_000
MOST_SORTED = 3
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9]{0,79}(\.[A-Za-z][A-Za-z0-9]{0,79}){0,3}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OWN = ("purpose", "provider", "agreement", "select", "filter", "sort", "count", "as_of", "cursor", "limit")


def frame(resource: str, query: Iterable[tuple[str, str]], request_id: str) -> AccessRequest:
    """Raises `RequestError` that says which parameter to write differently.

    Every parameter that is not the API's own is an equality filter on the element of that path.
    """
    own: dict[str, str] = {}
    filters: list[tuple[ElementPath, str]] = []
    for number, (name, text) in enumerate(query):
        if number >= MOST_PARAMETERS:
            raise RequestError(f"A request has {MOST_PARAMETERS} parameters at most.")
        if len(text) > (LONGEST_FILTER if name == "filter" else LONGEST_VALUE) or _CONTROL.search(text):
            raise RequestError("A parameter's value is too long or holds control characters.")
        if name not in _OWN:
            filters.append((_path(name), text))
        elif name in own:
            raise RequestError(f"`{name}` stands twice; write it once.")
        else:
            own[name] = text
    return AccessRequest(
        resource=ResourceName(resource),
        purpose=own.get("purpose", ""),
        provider=InstitutionId(own["provider"]) if "provider" in own else None,
        agreement=AgreementId(own["agreement"]) if "agreement" in own else None,
        select=_selected(own),
        filters=tuple(filters),
        cursor=own.get("cursor"),
        as_of=own.get("as_of"),
        limit=_limit(own),
        request_id=request_id,
        filter=parse_filter(own["filter"]) if "filter" in own else None,
        sort=_sorted_by(own),
        count=_counted(own),
    )


def _path(name: str) -> ElementPath:
    if not _PATH.fullmatch(name):
        raise RequestError("A parameter's name is neither one of the API's own nor an element's path.")
    return ElementPath(name)


def _selected(own: Mapping[str, str]) -> tuple[ElementPath, ...]:
    paths = [part.strip() for part in own["select"].split(",")] if "select" in own else []
    if not all(_PATH.fullmatch(path) for path in paths):
        raise RequestError("`select` is a list of element paths, separated by commas, as in select=firstName,lastSurname.")
    return tuple(dict.fromkeys(ElementPath(path) for path in paths))


def _sorted_by(own: Mapping[str, str]) -> tuple[SortBy, ...]:
    written = [part.strip() for part in own["sort"].split(",")] if "sort" in own else []
    paths = [part.removeprefix("-") for part in written]
    if not all(_PATH.fullmatch(path) for path in paths) or len(set(paths)) < len(paths) or len(paths) > MOST_SORTED:
        raise RequestError(
            f"`sort` is a list of {MOST_SORTED} different element paths at most, `-` before one that goes down, as in "
            "sort=-beginDate,lastSurname."
        )
    return tuple(SortBy(ElementPath(path), part.startswith("-")) for part, path in zip(written, paths, strict=True))


def _counted(own: Mapping[str, str]) -> bool:
    if own.get("count", "none") not in {"exact", "none"}:
        raise RequestError("`count` is exact or none.")
    return own.get("count") == "exact"


def _limit(own: Mapping[str, str]) -> int:
    text = own.get("limit", str(USUAL_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_PAGE)) and 1 <= int(text) <= LARGEST_PAGE):
        raise RequestError(f"`limit` is a whole number from 1 to {LARGEST_PAGE}.")
    return int(text)
