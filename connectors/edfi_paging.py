"""Read a list by offsets while its rows move: from the end to the beginning, each page tied to what was read before it.

Rows may come anywhere, go from anywhere, and an edited one may go to the end; the others keep their order. So a page that holds a
row which was read before leaves no gap between the two, and one that holds none is asked for again further behind. What was moved
to the end in the meantime is behind the last row that stayed: the end is looked at until nothing new is there. At last as many
rows must have come as the server counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from connectors.json_rows import Json
from gateway.errors import IngestError

Objects = Sequence[dict[str, Json]]
MOST_ROUNDS, MOST_PASSES = 100, 3
SPARE_REQUESTS = 100


@dataclass(frozen=True)
class Stretch:
    """What one request gave: the rows from an offset on, and how long the whole list was, where that was asked for."""

    rows: Objects
    total: int | None = None


Ask = Callable[[int, int, bool], Stretch]
"""(offset, most rows, whether to count the list as well)."""


class Backwards:
    """One list, read once. `where` is its address, for messages; at most `rows` (2 or more) are asked for at a time."""

    def __init__(self, ask: Ask, where: str, rows: int) -> None:
        self._ask = ask
        self._where = where
        self._size = rows
        self._total = 0
        self._settled: set[int] = set()

    def pages(self) -> Iterator[Objects]:
        """Every row that is there from the first request to the last, at least once; one that moves or is edited may come twice.

        Raises IngestError when the list never comes to rest.
        """
        self._total = self._ask(0, 0, True).total or 0
        if not self._total:
            return
        for _ in range(MOST_PASSES):
            yield from self._round(whole=True)
            yield from self._what_went_to_the_end()
            if len(self._settled) >= self._total:
                return
        raise IngestError(f"{self._where} gives fewer rows than it counts, however often it is read; the source is not read.")

    def _what_went_to_the_end(self) -> Iterator[Objects]:
        for _ in range(MOST_ROUNDS):
            known = len(self._settled)
            yield from self._round(whole=False)
            if len(self._settled) == known:
                return
        raise self._restless()

    def _round(self, *, whole: bool) -> Iterator[Objects]:
        """From the end down to the beginning, or to what an earlier round has read."""
        chain: set[int] = set()
        start, count, asked = max(0, self._total - self._size), False, 0
        while asked < self._most_requests():
            asked += 1
            count = count or start + self._size >= self._total
            found = self._ask(start, self._size, count)
            self._total = found.total if found.total is not None else self._total
            marked = {_mark(row): row for row in found.rows}
            marks = marked.keys()
            at_end = found.total is not None and start + len(found.rows) >= found.total
            if at_end or not marks or not chain.isdisjoint(marks):
                fresh = [row for mark, row in marked.items() if mark not in chain and mark not in self._settled]
                if fresh:
                    yield fresh
                chain |= marks
                if start == 0 or not (whole or self._settled.isdisjoint(marks)):
                    self._settled = self._settled | chain if self._settled else chain
                    return
                start, count = max(0, start - self._size + 1), False
            elif not count:
                count = True
            else:
                # Either the server gives fewer rows than it was asked for, or rows came before these.
                self._size = max(2, len(found.rows))
                start = start + self._size - 1 if chain else max(0, self._total - self._size)
        raise self._restless()

    def _most_requests(self) -> int:
        return 4 * (self._total // (self._size - 1)) + SPARE_REQUESTS

    def _restless(self) -> IngestError:
        return IngestError(
            f"{self._where} changes faster than it can be read by offsets, or gives one row at a time. Sync at a quieter hour, or "
            "have a snapshot made and say snapshot: true in the source file."
        )


def _mark(row: dict[str, Json]) -> int:
    """What tells a row from every other and from itself before an edit, in 64 bits."""
    return hash(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
