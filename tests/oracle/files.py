"""Random agreement files as `agreement/check` is asked about them: right ones, and such as have something wrong."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import orjson

from tests.oracle.agreements import TODAY
from tests.oracle.questions import CATALOGS, is_whole, sound_question
from tests.oracle.reading import Facts
from tests.oracle.slips import (
    ABSENT,
    DAYS,
    WORDS,
    Question,
    another_basis,
    another_citation,
    another_grant,
    another_module,
    another_purpose,
    another_row,
    change,
    in_a_basis,
    in_an_agreement,
)

TERMS = ["2026-06-30", "2026-11-24", "2027-05-14"]
CLAUSES: Mapping[str, tuple[Any, ...]] = {
    "destruction": ({}, None, ABSENT),
    "destruction.days_after_end": (0, -1, 0.5, "soon", None, ABSENT),
    "destruction.method": WORDS,
    "destruction.certification": (False, "yes", None, ABSENT),
    "minimum_cell_size": (4, 5, 5.5, "10", None, ABSENT),
    "redisclosure.allowed": (True, "no", None, ABSENT),
    "kinds": ({}, None, ABSENT),
    "kinds.recipient": (["epp"], [], "district", ABSENT),
    "names.recipient": ("Riverton", None, ABSENT),
    "names": ({}, None),
    "discloses": ([], None, "all", ABSENT),
    "academic_terms": ([], ["2027-05-14"], None, ABSENT),
    "formats": (["json", "xlsx"], [], "json", None, ABSENT),
    "limits.requests_per_minute": (0, 1, 6000, 6001, 1.5, "many", ABSENT),
    "limits.rows_per_day": (0, 1, 100_000_000, 100_000_001, ABSENT),
    "term.from": DAYS,
    "term.until": DAYS,
}
PARTIES: tuple[Any, ...] = (
    [],
    [{"name": "A", "legitimate_interest": "B"}],
    [{"name": "A", "legitimate_interest": " "}],
    [{"name": "A", "legitimate_interest": "B"}, {}],
    None,
    "A",
)


def agreement_file(chance: Random) -> tuple[str, dict[str, Any]]:
    """The name of a catalog, and the input of the check of one entry over it."""
    name, sound = sound_question(chance)
    asked = orjson.loads(orjson.dumps(sound))
    [entry] = asked["agreements"]
    for moving in ("state", "usage", "release"):
        del entry[moving]
    entry |= {"place": ["schedules", 0, "resources", entry["resource"]], "academic_terms": list(TERMS)}
    asked["day"] = chance.choice([TODAY, TODAY, "2026-11-25", "2028-02-29"])
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
        if is_whole(asked):
            chance.choice(SLIPS)(chance, asked, CATALOGS[name])
    if chance.choice([True, False]):
        asked["agreements"].append(_the_other_way(chance, entry, CATALOGS[name]))
    for one in asked["agreements"]:
        if not isinstance(one.get("purposes", []), list):
            one["purposes"] = []
    file = {"modules": asked["modules"], "day": asked["day"], "entries": asked["agreements"]}
    if chance.randint(1, 60) == 1:
        change(
            file,
            *chance.choice(
                [("day", "2026-02-30"), ("day", ABSENT), ("entries", {}), ("modules", ["us-elsewhere"]), ("request", {})]
            ),
        )
    return name, file


def _the_other_way(chance: Random, entry: Facts, catalog: Facts) -> dict[str, Any]:
    """A schedule of the same file in the other direction, that may share an identifier and so let a roster be sent."""
    other: dict[str, Any] = orjson.loads(orjson.dumps(entry))
    if chance.randint(1, 6) > 1:
        other["provider"], other["recipient"] = entry.get("recipient"), entry.get("provider")
    own = [name for name in sorted(catalog["resources"]) if name == entry.get("resource")]
    other["resource"] = chance.choice([*(4 * own), *sorted(catalog["resources"])])
    described = catalog["resources"][other["resource"]]["elements"]
    naming = [path for path, element in described.items() if element.get("names")] or sorted(described)
    treatment = chance.choice(["share", "share", "share", "pseudonymise"])
    other |= {"rows": [], "elements": {path: {"treatment": treatment} for path in naming}}
    if chance.randint(1, 6) == 1:
        other["purposes"] = ["research"]
    return other


def _in_a_clause(chance: Random, asked: Question, catalog: Facts) -> None:
    path = chance.choice(sorted(CLAUSES))
    change(asked["agreements"][0], path, chance.choice(CLAUSES[path]))


def _on_passing_on(chance: Random, asked: Question, catalog: Facts) -> None:
    told = {"allowed": True, "notice": "Pass on to those named.", "additional_parties": chance.choice(PARTIES)}
    asked["agreements"][0]["redisclosure"] = told


def _ahead(chance: Random, asked: Question, catalog: Facts) -> None:
    entry = asked["agreements"][0]
    related = chance.choice([None, *sorted(catalog["resources"])])
    described = catalog["resources"][related or entry["resource"]]["elements"]
    days = [path for path, element in described.items() if element["type"] == "date"] or sorted(described)
    path = chance.choice(days)
    condition = {
        "element": path,
        "within": chance.choice(["days", "terms", "weeks"]),
        "count": chance.choice([1, 2, 3, 0, 1.5, "two"]),
    }
    if isinstance(entry["rows"], list):
        entry["rows"].append(
            {"related": related, "about": next(iter(entry["persons"]), "dragon"), "where": [condition]} if related else condition
        )
        if isinstance(entry.get("discloses"), list):
            entry["discloses"].append(path if related in (None, entry["resource"]) else f"{related}.{path}")


def _another_purpose(chance: Random, asked: Question, catalog: Facts) -> None:
    another_purpose(chance, asked, catalog)
    if chance.choice([True, False]):
        asked["agreements"][0]["purposes"] = [*asked["agreements"][0]["purposes"], "marketing"]


SLIPS = (
    *(2 * [in_an_agreement]),
    *(6 * [in_a_basis]),
    *(2 * [another_basis]),
    another_citation,
    another_module,
    *(3 * [another_grant]),
    *(2 * [another_row]),
    _another_purpose,
    *(4 * [_in_a_clause]),
    _on_passing_on,
    *(2 * [_ahead]),
)
