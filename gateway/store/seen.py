"""Which records one sync has met: on disk, so that a pull of any length costs no more memory than a short one."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

from gateway.domain.identifiers import RecordId
from gateway.errors import Unavailable
from gateway.store.one_of import IN_LIST

CACHE_KILOBYTES = 32_000


class Seen:
    """Records by their surrogate, each with the line where it was first met. It holds no value of a record, belongs to one run
    and goes with it: a private temporary database of SQLite, which spills to disk what its cache does not hold."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE seen (record INTEGER PRIMARY KEY, line INTEGER NOT NULL)")

    def close(self) -> None:
        self._database.close()

    def lines(self, records: Collection[RecordId]) -> Mapping[RecordId, int]:
        """Where each of these was first met; those that were not are absent."""
        found: dict[RecordId, int] = {}
        wanted = list(records)
        for start in range(0, len(wanted), IN_LIST):
            part = wanted[start : start + IN_LIST]
            marks = ",".join("?" * len(part))
            rows = self._database.execute(f"SELECT record, line FROM seen WHERE record IN ({marks})", part)  # noqa: S608
            found.update({RecordId(record): line for record, line in rows})
        return found

    def add(self, met: Iterable[tuple[RecordId, int]]) -> None:
        """Note records with their lines; the first line of each counts. Raises `Unavailable` when the disk is full."""
        try:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", met)
            self._database.execute("COMMIT")
        except sqlite3.OperationalError as why:
            raise Unavailable("There is no room for temporary files; make some, or set SQLITE_TMPDIR to another disk.") from why

    def missing(self, records: Sequence[RecordId]) -> list[RecordId]:
        """Those of these that were not met, in their order."""
        met = self.lines(records)
        return [record for record in records if record not in met]
