"""Read what a source file of `kind: rest` says of its requests: paths, queries, bodies, lists and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from connectors.json_rows import Json
from connectors.place import Place
from connectors.place_rules import read_filled
from connectors.rest_auth import is_header
from connectors.rest_paging import Cursor, LinkHeader, Listing, NextLink, NoPages, Numbered, Offset, Paging, Where
from gateway.domain.yaml_nodes import Entry, NodeReader

Method = Literal["GET", "POST"]
REQUEST_MEMBERS = ("path", "method", "query", "body", "items", "items_when_empty", "paging", "total")
_PAGINGS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "page": (("param", "size_param", "size", "first", "in", "pages"), ("param",)),
    "offset": (("param", "limit_param", "limit", "first", "in"), ("param",)),
    "next_link": (("path", "done"), ("path",)),
    "cursor": (("path", "param", "in", "done"), ("path", "param")),
}
"""What may and what must stand in each way of paging that has members."""
_FLAGS: Mapping[str, Paging] = {"link_header": LinkHeader(), "none": NoPages()}
_LARGEST_PAGE, _LARGEST_START = 1_000_000, 1_000_000
_CREDENTIALS = frozenset(
    {"authorization", "cookie", "proxyauthorization", "apikey", "xapikey", "accesstoken", "clientsecret", "password", "secret"}
)
"""Names, without their hyphens, behind which a secret stands."""
_INTEGER, _FLOAT, _FLAG, _NULL = (f"tag:yaml.org,2002:{word}" for word in ("int", "float", "bool", "null"))


@dataclass(frozen=True)
class RestOrigin:
    """How one resource is asked for, and where its answers have what."""

    path: str
    method: Method = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Json] | None = None
    listing: Listing = field(default_factory=Listing)
    paging: Paging = field(default_factory=NoPages)


def read_headers(reader: NodeReader, node: Node, place: Place) -> Mapping[str, str]:
    """Headers that hold no secret."""
    headers = {}
    for entry in reader.entries(node, "headers").values():
        if _is_secret(reader, entry):
            continue
        text = read_filled(reader, entry.value, place, entry.name)
        if is_header(reader, entry.key, entry.name) and text is not None:
            headers[entry.name] = text
    return headers


def read_request(reader: NodeReader, entries: Mapping[str, Entry]) -> RestOrigin | None:
    """The request of one resource. Mistakes go to the reader; None where it lacks its path or a way through its pages."""
    path = _path(reader, entries["path"].value) if "path" in entries else None
    method = reader.choice(entries["method"].value, "method", ("GET", "POST")) if "method" in entries else "GET"
    query = _query(reader, entries["query"].value) if "query" in entries else {}
    body = _object(reader, entries["body"].value, "body") if "body" in entries else None
    if body is not None and method == "GET":
        reader.problem(entries["body"].key, "a GET has no body", "write method: POST, or say it under query")
    paging = read_paging(reader, entries["paging"].value) if "paging" in entries else None
    if "paging" not in entries:
        return None
    if getattr(paging, "where", "query") == "body" and method == "GET":
        reader.problem(entries["paging"].key, "paging goes into the body, and a GET has none", "write method: POST, or in: query")
    listing = Listing(
        (reader.words(entries["items"].value, "items") or "") if "items" in entries else "",
        "items_when_empty" in entries
        and reader.choice(entries["items_when_empty"].value, "items_when_empty", ("listed", "absent")) == "absent",
        (reader.words(entries["total"].value, "total") or "") if "total" in entries else "",
    )
    if path is None or method is None or paging is None:
        return None
    return RestOrigin(path, cast("Method", method), query, body, listing, paging)


def read_paging(reader: NodeReader, node: Node) -> Paging | None:
    """One way through the pages."""
    before = len(reader.problems)
    ways = reader.entries(node, "paging", (*_PAGINGS, *_FLAGS))
    if len(ways) != 1:
        if len(reader.problems) > before:
            return None
        reader.problem(node, "paging must say one way", f"write one of {', '.join((*_PAGINGS, *_FLAGS))} under it")
        return None
    [way] = ways.values()
    if way.name in _FLAGS:
        if reader.flag(way.value, way.name) is False:
            reader.problem(way.value, f"{way.name} is either true or not there", f"write {way.name}: true")
        return _FLAGS[way.name]
    allowed, required = _PAGINGS[way.name]
    said = reader.entries(way.value, way.name, allowed, required)
    if not set(required) <= said.keys():
        return None
    words = {name: reader.words(said[name].value, name) for name in ("path", "param", "done", "pages") if name in said}
    if None in words.values():
        return None
    texts = {name: text for name, text in words.items() if text is not None}
    where = cast("Where", (reader.choice(said["in"].value, "in", ("query", "body")) if "in" in said else "query") or "query")
    match way.name:
        case "next_link":
            return NextLink(texts["path"], texts.get("done", ""))
        case "cursor":
            return Cursor(texts["path"], texts["param"], where, texts.get("done", ""))
        case "page":
            size_param, size = _size(reader, way, said, "size_param", "size")
            start = _start(reader, said, 1)
            return Numbered(texts["param"], size_param, size, start, where, texts.get("pages", ""))
    limit_param, limit = _size(reader, way, said, "limit_param", "limit")
    return Offset(texts["param"], limit_param, limit, _start(reader, said, 0), where)


def _size(reader: NodeReader, way: Entry, said: Mapping[str, Entry], param: str, size: str) -> tuple[str, int]:
    """How large pages are asked for: both or neither."""
    if (param in said) != (size in said):
        reader.problem(way.key, f"{way.name} needs both {param} and {size}, or neither", f"write {param}: and {size}: under it")
    if param not in said or size not in said:
        return "", 0
    return reader.words(said[param].value, param) or "", reader.whole(said[size].value, size, 1, _LARGEST_PAGE) or 0


def _start(reader: NodeReader, said: Mapping[str, Entry], usual: int) -> int:
    found = reader.whole(said["first"].value, "first", 0, _LARGEST_START) if "first" in said else usual
    return usual if found is None else found


def _path(reader: NodeReader, node: Node) -> str | None:
    """A path below the base, with or without a slash before it."""
    text = reader.words(node, "path")
    if text is None:
        return None
    if "://" in text or text.startswith("//") or "?" in text or "#" in text:
        reader.problem(node, "path is what comes after the base", "write the address under base, and its query under query")
        return None
    return text.lstrip("/")


def _query(reader: NodeReader, node: Node) -> Mapping[str, str]:
    entries = reader.entries(node, "query").values()
    return {entry.name: reader.text(entry.value, entry.name) or "" for entry in entries if not _is_secret(reader, entry)}


def _is_secret(reader: NodeReader, entry: Entry) -> bool:
    """Whether an entry would hold a secret in clear; if so, that is a problem, which does not quote it."""
    found = entry.name.casefold().replace("-", "").replace("_", "") in _CREDENTIALS
    if found:
        reader.problem(entry.key, f"{entry.name} is a secret and does not stand in clear", "say it under auth")
    return found


def _object(reader: NodeReader, node: Node, what: str) -> Mapping[str, Json]:
    return {entry.name: _json(reader, entry.value, entry.name) for entry in reader.entries(node, what).values()}


def _json(reader: NodeReader, node: Node, what: str) -> Json:
    """A part of a body as JSON has it: numbers, true and false as YAML knows them."""
    if isinstance(node, MappingNode):
        return dict(_object(reader, node, what))
    if isinstance(node, SequenceNode):
        return [_json(reader, item, what) for item in node.value]
    if not isinstance(node, ScalarNode):
        return None
    text = str(node.value)
    try:
        match node.tag:
            case tag if tag == _INTEGER:
                return int(text, 0)
            case tag if tag == _FLOAT:
                return float(text)
    except ValueError:
        reader.problem(node, f"{what} is not a number that JSON has", "write digits, or quote it")
        return None
    if node.tag == _FLAG:
        return text.casefold() == "true"
    return None if node.tag == _NULL else text
