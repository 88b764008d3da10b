"""The extracts of two worlds that go on living: what the partner sees changes alike in both, what is hidden apart."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import select, update

from gateway.demo.extracts import write_extracts
from gateway.domain.identifiers import ResourceName
from tests.world import SMALL, World

PLACEMENTS = ResourceName("fieldworkExperiences")
SCHOOLS_IN_SCOPE, SCHOOLS_BEYOND = range(600_101, 600_121), range(600_121, 600_143)
HIDDEN_PLACEMENTS = {"left": range(10), "right": range(100, 200)}
"""How many rows that the partner does not see stand between its own: an order that tells of them differs between the worlds."""
Row = dict[str, str]


@dataclass
class LivingExtracts:
    """Two worlds' candidates and placements. `chance` decides what is seen."""

    left: World
    right: World
    chance: random.Random
    _candidates: Sequence[Row] = field(init=False)
    _placements: Sequence[Row] = field(init=False)
    _gone: set[str] = field(default_factory=set)
    _edits: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    _pulled: int = 0

    def __post_init__(self) -> None:
        for world in (self.left, self.right):
            write_extracts(_folder(world).parent, SMALL)
        self._candidates = _read(_folder(self.left) / "candidates.csv")
        self._placements = _read(_folder(self.left) / "placements.csv")

    def pull_again(self) -> None:
        """Change what is seen once and what is hidden twice, and pull both."""
        self._pulled += 1
        self._change_what_is_seen()
        for world, name in ((self.left, "left"), (self.right, "right")):
            apart = random.Random(f"{name} {self._pulled}")
            _write(
                _folder(world) / "candidates.csv",
                [_another_candidate(row, self._hidden(name, "candidate", at, apart)) for at, row in enumerate(self._candidates)],
            )
            _write(_folder(world) / "placements.csv", self._placements_of(name, apart))
            world.sync(world.source("lakeside", _folder(world).parent), allow_shrink=True)
        _scramble_days(self.right, random.Random(self._pulled))

    def _change_what_is_seen(self) -> None:
        chance = self.chance
        for row in chance.sample(self._candidates, 3):
            row["Last"] = chance.choice(("King", "Ng", "O'Brien", "Peña", "Zhu"))
            row["City"] = chance.choice(("Fairview", "Riverton", "St. Charles"))
        for row in chance.sample(self._candidates, 2):
            row["Phone"] = f"(629) 555-{chance.randrange(10_000):04}"
        for row in chance.sample(self._placements, 4):
            row["School"] = str(chance.choice((*SCHOOLS_IN_SCOPE, *SCHOOLS_BEYOND)))
            row["Kind"] = chance.choice(("Practicum", "Observation", "Internship"))
            row["End"] = "" if chance.random() < 0.3 else "2027-05-28"
        for row in chance.sample(self._placements, 2):
            self._gone ^= {row["Placement"]}

    def _hidden(self, name: str, kind: str, at: int, apart: random.Random) -> random.Random:
        """Chance for what is hidden of a row: the same as at the pull before for half of the rows, other rows in each world."""
        self._edits[name, kind, at] += apart.random() < 0.5
        return random.Random(f"{name} {kind} {at} {self._edits[name, kind, at]}")

    def _placements_of(self, name: str, apart: random.Random) -> Sequence[Row]:
        """What is there, and what is out of the partner's rows, in one world more than in the other."""
        rows = [
            _another_placement(row, self._hidden(name, "placement", at, apart))
            for at, row in enumerate(self._placements)
            if row["Placement"] not in self._gone
        ]
        hidden = [
            row | {"Placement": f"HIDDEN-{apart.randrange(10**6)}", "School": str(apart.choice(SCHOOLS_BEYOND))}
            for row in apart.choices(self._placements, k=apart.choice(HIDDEN_PLACEMENTS[name]))
        ]
        apart.shuffle(hidden)
        return [*rows, *hidden]


def _another_candidate(row: Row, apart: random.Random) -> Row:
    """The same to the partner, who sees the first of the middle name and the last four of the telephone number."""
    changed = row | {
        "Born": f"{apart.randrange(1960, 2005)}-0{apart.randrange(1, 10)}-15",
        "Sex": apart.choice(("F", "M", "X", "")),
        "Hispanic": apart.choice(("yes", "no", "")),
        "LowIncome": apart.choice(("Y", "N", "")),
        "Race1": apart.choice(("White", "Asian", "")),
        "Disability": apart.choice(("Hearing", "")),
        "Email": f"{apart.randrange(10**6)}@lakeside.example",
        "Street": f"{apart.randrange(999)} Elm Street",
        "Zip": str(apart.randrange(10_000, 99_999)),
    }
    if row["Middle"]:
        changed["Middle"] = row["Middle"][0] + apart.choice(("x", "yy", "zzz"))
    if row["Phone"]:
        changed["Phone"] = f"({apart.randrange(200, 999)}) {apart.randrange(200, 999)}-{row['Phone'][-4:]}"
    return changed


def _another_placement(row: Row, apart: random.Random) -> Row:
    changed = row | {"Hours": apart.choice(("", "1.5", "99"))}
    if row["End"]:
        changed["End"] = f"2027-0{apart.randrange(1, 10)}-28"
    if int(row["School"]) in SCHOOLS_BEYOND:
        changed |= {"School": str(apart.choice(SCHOOLS_BEYOND)), "Kind": "hidden"}
    return changed


def _scramble_days(world: World, chance: random.Random) -> None:
    """A placement's first day is part of what it is called by, so that its source cannot change it; the partner sees the year."""
    rows = world.gateway.tables[PLACEMENTS].rows
    with world.gateway.database.write() as connection:
        for record, begun in connection.execute(select(rows.c.record_id, rows.c.begin_date).distinct()).all():
            if begun is not None:
                day = date(begun.year, chance.randrange(1, 13), chance.randrange(1, 28))
                connection.execute(
                    update(rows).where(rows.c.record_id == record, rows.c.begin_date == begun).values(begin_date=day)
                )


def _folder(world: World) -> Path:
    return world.folder / "extracts" / "lakeside"


def _read(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _write(file: Path, rows: Sequence[Row]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
