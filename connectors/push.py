"""`kind: push`: an institution that cannot be reached sends its rows in batches; a batch is read as any other source is.

A batch says of itself whether it is everything (`whole`: what it lacks is gone) or only what changed.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal, cast

import orjson

from connectors.base import Connector, Page, PositionExpired
from connectors.column_rules import read_conditions
from connectors.json_rows import Json, json_table
from connectors.kind import Origin, PlainKind
from connectors.mapped import MappedSource, pages_of_changes
from connectors.rows import Table, read_rows
from connectors.secrets import Secrets
from connectors.shapes import PUSH as PUSH_SHAPES
from connectors.source import DELIMITED, Condition, ResourceRule, Source
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader
from gateway.errors import IngestError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CSV, JSON_LINES = "text/csv", "application/x-ndjson"
MEDIA_TYPES = (CSV, JSON_LINES)
LONGEST_LINE = 1024 * 1024
Mode = Literal["whole", "changes"]


@dataclass(frozen=True)
class PushOrigin:
    """Rows of a batch of changes for which `deleted` holds say that their record is gone."""

    deleted: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Batch:
    """One batch for one resource, whole: the sizes of its parts in bytes, and `part` that gives one by its place (from 0)."""

    name: str
    resource: ResourceName
    mode: Mode
    media_type: str
    sizes: Sequence[int]
    part: Callable[[int], bytes]


class PushKind(PlainKind):
    """`kind: push`: a resource needs nothing but its columns; `deleted` names the rows of changes whose record is gone."""

    resource_members = ("deleted", *DELIMITED)
    defaults = DELIMITED
    each = True
    shapes = PUSH_SHAPES

    def read_origin(self, reader: NodeReader, resource: Entry, entries: Mapping[str, Entry]) -> Origin | None:
        deleted = read_conditions(reader, entries["deleted"].value, "deleted") if "deleted" in entries else ()
        return Origin(resource.name, PushOrigin(deleted))

    def open(self, source: Source, secrets: Secrets) -> Connector:
        return MappedSource(source, _Nothing())


class _Nothing:
    """Before a batch comes there is nothing to read."""

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        raise IngestError(f"{rule.resource} is sent, not pulled: see PUT /v1/push in the gateway's README.")
        yield

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None


class PushedBatch(MappedSource):
    """The connector of one batch: an `Incremental` source that has just one step to offer."""

    def __init__(self, source: Source, batch: Batch) -> None:
        super().__init__(source, _Parts(batch))
        self._batch = batch

    def resources(self) -> tuple[ResourceName, ...]:
        return (self._batch.resource,)

    def pull(self, resource: ResourceName) -> Iterator[Page]:
        if self._batch.mode == "changes":
            raise IngestError(f"Send everything of {resource} once (mode whole) before changes are sent.")
        yield from super().pull(resource)

    def position(self, resource: ResourceName) -> str:
        return self._batch.name

    def changes(self, resource: ResourceName, since: str, until: str) -> Iterator[Page]:
        """The rows of a batch of changes. Raises PositionExpired for a whole one, which is to be pulled."""
        if self._batch.mode == "whole":
            raise PositionExpired
        rule = self.rule(resource)
        with _Parts(self._batch).open(rule) as table:
            yield from pages_of_changes(self.watched(table, rule), rule, cast("PushOrigin", rule.origin).deleted)


class _Parts:
    """The rows of a batch: of CSV with one header at its beginning, or of JSON Lines."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        stream = cast("IO[bytes]", io.BufferedReader(_Joined(self._batch)))
        if self._batch.media_type == JSON_LINES:
            deleted = tuple(condition.column for condition in cast("PushOrigin", rule.origin).deleted)
            yield json_table(rule, _objects(stream, rule), deleted)
            return
        with read_rows(stream, rule.file, delimiter=rule.delimiter, encoding=rule.encoding, quoted=rule.quoted) as table:
            yield table

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None


class _Joined(io.RawIOBase):
    """The parts of a batch as one stream, one part in memory at a time."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")
        self._starts = [sum(batch.sizes[:place]) for place in range(len(batch.sizes))]
        self._end = sum(batch.sizes)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        if self._at >= self._end:
            return 0
        place = bisect_right(self._starts, self._at) - 1
        if self._held[0] != place:
            self._held = (place, self._batch.part(place))
        inside = self._at - self._starts[place]
        piece = self._held[1][inside : inside + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def _objects(stream: IO[bytes], rule: ResourceRule) -> Iterator[tuple[int, Json]]:
    """Each line's object with its number; a line that is not JSON, or too long to be one record, is none."""
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise IngestError(f"{rule.file}: line {number} is longer than {LONGEST_LINE} bytes; send one record a line.")
        if line.strip():
            yield number, _object(line)


def _object(line: bytes) -> Json:
    try:
        found: Json = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found
