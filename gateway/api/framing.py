"""Frame a request: query string -> `AccessRequest`, without knowing what is permitted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypedDict

from gateway.domain.access import AccessRequest
from gateway.domain.filtering import SortBy
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, ResourceName
from gateway.errors import RequestError
from gateway.keys.cursors import LONGEST as LONGEST_MARK
from gateway.parse_filter import parse_filter

LARGEST_PAGE = 1000
USUAL_PAGE = 100
MOST_PARAMETERS = 50
LONGEST_VALUE = 2_000
_LONGEST: Mapping[str, int] = {"filter": 4_000, "since": LONGEST_MARK}
MOST_SORTED = 3
MOST_EXPANDED = 5
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9]{0,79}(\.[A-Za-z][A-Za-z0-9]{0,79}){0,3}")
_NAME = re.compile(r"[A-Za-z]{1,100}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_OWN = ("purpose", "provider", "agreement", "select", "filter", "sort", "count", "as_of", "expand", "cursor", "limit")
_OF_EXPORT = ("purpose", "provider", "agreement", "select", "filter")
_OF_CHANGES = ("purpose", "provider", "agreement", "select", "since", "limit")


class _Usual(TypedDict):
    """What every request has."""

    resource: ResourceName
    purpose: str
    provider: InstitutionId | None
    agreement: AgreementId | None
    select: tuple[ElementPath, ...]
    limit: int
    request_id: str


def frame(resource: str, query: Iterable[tuple[str, str]], request_id: str) -> AccessRequest:
    """Raises `RequestError` that says which parameter to write differently.

    Every parameter that is not the API's own is an equality filter on the element of that path.
    """
    own, filters = _parameters(query, _OWN)
    return AccessRequest(
        **_usual(resource, own, request_id),
        filters=tuple((_path(name), text) for name, text in filters),
        cursor=own.get("cursor"),
        as_of=own.get("as_of"),
        filter=parse_filter(own["filter"]) if "filter" in own else None,
        sort=_sorted_by(own),
        count=_counted(own),
        expand=_expanded(own),
    )


def frame_export(resource: str, query: Iterable[tuple[str, str]], request_id: str) -> AccessRequest:
    """The same for all records at once: they have no order, and there is no page beside."""
    own, filters = _parameters(query, _OF_EXPORT)
    refused = [name for name, _ in filters if name in _OWN]
    if refused:
        raise RequestError(f"An export is whole: leave `{refused[0]}` out, or read page by page.")
    return AccessRequest(
        **_usual(resource, own, request_id),
        operation="export",
        filters=tuple((_path(name), text) for name, text in filters),
        filter=parse_filter(own["filter"]) if "filter" in own else None,
    )


def frame_changes(resource: str, query: Iterable[tuple[str, str]], request_id: str) -> AccessRequest:
    """The same for a request for changes, which are told whole: nothing filters, orders or counts them."""
    own, others = _parameters(query, _OF_CHANGES)
    if others:
        raise RequestError(f"Changes are asked for with {', '.join(f'`{name}`' for name in _OF_CHANGES)} and nothing else.")
    return AccessRequest(**_usual(resource, own, request_id), operation="feed", since=own.get("since"))


def _parameters(query: Iterable[tuple[str, str]], names: Collection[str]) -> tuple[Mapping[str, str], Sequence[tuple[str, str]]]:
    """The API's own parameters, and all others."""
    own: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for number, (name, text) in enumerate(query):
        if number >= MOST_PARAMETERS:
            raise RequestError(f"A request has {MOST_PARAMETERS} parameters at most.")
        if len(text) > _LONGEST.get(name, LONGEST_VALUE) or _CONTROL.search(text):
            raise RequestError("A parameter's value is too long or holds control characters.")
        if name not in names:
            others.append((name, text))
        elif name in own:
            raise RequestError(f"`{name}` stands twice; write it once.")
        else:
            own[name] = text
    return own, others


def _usual(resource: str, own: Mapping[str, str], request_id: str) -> _Usual:
    return {
        "resource": ResourceName(resource),
        "purpose": own.get("purpose", ""),
        "provider": InstitutionId(own["provider"]) if "provider" in own else None,
        "agreement": AgreementId(own["agreement"]) if "agreement" in own else None,
        "select": _selected(own),
        "limit": _limit(own),
        "request_id": request_id,
    }


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


def _expanded(own: Mapping[str, str]) -> tuple[ResourceName, ...]:
    names = [part.strip() for part in own["expand"].split(",")] if "expand" in own else []
    if not all(_NAME.fullmatch(name) for name in names) or len(set(names)) < len(names) or len(names) > MOST_EXPANDED:
        raise RequestError(
            f"`expand` is a list of {MOST_EXPANDED} different resources at most, separated by commas, as in "
            "expand=fieldworkExperiences."
        )
    return tuple(ResourceName(name) for name in names)


def _counted(own: Mapping[str, str]) -> bool:
    if own.get("count", "none") not in {"exact", "none"}:
        raise RequestError("`count` is exact or none.")
    return own.get("count") == "exact"


def _limit(own: Mapping[str, str]) -> int:
    text = own.get("limit", str(USUAL_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_PAGE)) and 1 <= int(text) <= LARGEST_PAGE):
        raise RequestError(f"`limit` is a whole number from 1 to {LARGEST_PAGE}.")
    return int(text)
