"""Measure decisions: one made in this process, and what it costs to gather its facts among few and among many agreements."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import insert, select, text

from gateway.agreements.read_agreement import read_agreement
from gateway.ask import ask, question_of
from gateway.catalog.load import load_catalog
from gateway.decide import decide
from gateway.domain.access import AccessRequest
from gateway.domain.decision import Permit, Question
from gateway.domain.identifiers import ResourceName
from gateway.pdp.embedded import EmbeddedPdp
from gateway.pdp.engine import Answer
from gateway.pdp.read_bundle import read_bundle
from gateway.shipped import shipped
from gateway.store.agreements import agreements_that_matter, insert_version, move_state
from gateway.store.engine import Database, open_database
from gateway.store.schema import agreement, agreement_grant, agreement_state
from tests.questions import EXAMPLE, PRINCIPAL, question

ELEMENTS = 12
CANDIDATES = ResourceName("candidates")
FEW, MANY = 10, 10_000
WARM_UP, ROUNDS = 200, 2_000
HIGHEST_MEDIAN_MS = 1.0
HIGHEST_RATIO = 1.2
NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
CHUNK = 500


class NotKept:
    """The embedded engine without the answers that it keeps: each question is decided."""

    def __init__(self) -> None:
        self._engine = EmbeddedPdp(read_bundle(shipped("policies") / "bundle"), instances=1)
        self.digest = self._engine.digest

    def decide(self, question: Question) -> Answer:
        return Answer(self._engine.evaluate(question.content), self.digest)

    def problems(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self._engine.close()


@dataclass(frozen=True)
class Decisions:
    """Milliseconds of each round; `few` and `many` gather the facts from a database too."""

    alone: list[float]
    gathered: Mapping[str, tuple[list[float], list[float]]]

    def results(self) -> Iterator[Mapping[str, object]]:
        """As they stand in results.json."""
        yield {"case": "decision", "elements": ELEMENTS, "median_ms": _median(self.alone), "rounds": ROUNDS}
        for database, (few, many) in self.gathered.items():
            yield {
                "case": "facts_and_decision",
                "database": database,
                f"median_ms_of_{FEW}_agreements": _median(few),
                f"median_ms_of_{MANY}_agreements": _median(many),
                "ratio": round(statistics.median(many) / statistics.median(few), 3),
                "rounds": ROUNDS,
            }

    def hold(self) -> bool:
        """Whether a decision is fast enough, and costs the same however many agreements there are."""
        ratios = [statistics.median(many) / statistics.median(few) for few, many in self.gathered.values()]
        return statistics.median(self.alone) < HIGHEST_MEDIAN_MS and max(ratios) < HIGHEST_RATIO


def measure_decisions(databases: Mapping[str, tuple[str, str]]) -> Decisions:
    """`databases` has two new migrated ones for each backend."""
    with closing(NotKept()) as engine:
        alone = _times([_deciding(engine)])[0]
        gathered = {name: _gathering(engine, few, many) for name, (few, many) in databases.items()}
    return Decisions(alone, gathered)


def realistic() -> Question:
    """The example's grant of candidates, with so many elements that are seen."""
    [stored, *_] = cast("list[dict[str, Any]]", question().input["agreements"])
    seen = {path: how for path, how in stored["elements"].items() if how["treatment"] != "withhold"}
    more = (
        element.path for element in load_catalog().resources[CANDIDATES].every_element() if element.sensitivity == "operational"
    )
    while len(seen) < ELEMENTS:
        seen.setdefault(next(more), {"treatment": "share"})
    return question_of({**question().input, "agreements": [{**stored, "elements": seen}]})


def _deciding(engine: NotKept) -> Callable[[], object]:
    asked = realistic()
    permit = decide(asked, engine)
    if not isinstance(permit, Permit) or len(permit.elements) != ELEMENTS:
        raise RuntimeError("the question is not one that is permitted with all its elements")
    return lambda: decide(question_of(asked.input), engine)


def _gathering(engine: NotKept, few: str, many: str) -> tuple[list[float], list[float]]:
    opened = [open_database(url) for url in (few, many)]
    for database, number in zip(opened, (FEW, MANY), strict=True):
        _agree(database, number)
    catalog = load_catalog()
    request = AccessRequest(CANDIDATES, "placement")

    def served(database: Database) -> Callable[[], object]:
        def serve() -> object:
            with database.read() as connection:
                facts = agreements_that_matter(connection, PRINCIPAL.institution, request, NOW)
                return decide(ask(PRINCIPAL, request, facts, catalog, ()), engine)

        return serve

    turns = [served(database) for database in opened]
    for turn in turns:
        if not isinstance(turn(), Permit):
            raise RuntimeError("the request is not permitted")
    times = _times(turns)
    for database in opened:
        database.close()
    return times[0], times[1]


def _agree(database: Database, number: int) -> None:
    """The example in force, and others between the same provider and other districts until there are so many."""
    signed = read_agreement(EXAMPLE, load_catalog())
    with database.write() as connection:
        version = insert_version(connection, signed, "2026-07-01T00:00:00Z")
        move_state(connection, signed.id, version, "in_force", epoch=1, actor="bench", at="2026-07-01T00:00:00Z")
        tables = (agreement, agreement_state, agreement_grant)
        known = {table: [dict(row) for row in connection.execute(select(table)).mappings()] for table in tables}
        for start in range(1, number, CHUNK):
            others = range(start, min(start + CHUNK, number))
            for table in tables:
                connection.execute(insert(table), [_other(row, n) for n in others for row in known[table]])
    with database.write() as connection:
        connection.execute(text("ANALYZE"))


def _other(row: Mapping[str, Any], n: int) -> dict[str, Any]:
    """The row as it would be of another district's agreement."""
    changed = {**row, "agreement_id": f"{row['agreement_id']}-{n}"}
    if "recipient_id" in row:
        changed["recipient_id"] = f"district-{n}"
        changed["facts"] = {**row["facts"], "id": changed["agreement_id"], "recipient": changed["recipient_id"]}
    return changed


def _times(turns: list[Callable[[], object]]) -> list[list[float]]:
    """Milliseconds, the turns one after the other in each round."""
    times: list[list[float]] = [[] for _ in turns]
    gc.disable()
    try:
        for number in range(WARM_UP + ROUNDS):
            for turn, kept in zip(turns, times, strict=True):
                begun = time.perf_counter()
                turn()
                took = (time.perf_counter() - begun) * 1000
                if number >= WARM_UP:
                    kept.append(took)
    finally:
        gc.enable()
    return times


def _median(times: list[float]) -> float:
    return round(statistics.median(times), 3)
