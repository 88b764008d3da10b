"""Random row conditions with which nothing is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from tests.oracle.grants import SEALED
from tests.oracle.grounds import DEIDENTIFIED
from tests.oracle.learning import is_known, may_be_learnt
from tests.oracle.reading import Facts

COMPARED: tuple[tuple[str, list[Any]], ...] = (
    ("in", ["a", 1, True]),
    ("in", []),
    ("equals", ["a"]),
    ("at_least", [3]),
    ("at_most", ["2026-01-01"]),
    ("present", [False]),
)


def rows_of(chance: Random, catalog: Facts, name: str, persons: Facts, purpose: str) -> list[dict[str, Any]]:
    """Conditions over a resource's own elements, and over another resource of the same people."""
    resource = catalog["resources"][name]
    found = []
    own = [
        path for path, element in resource["elements"].items() if _may_choose(element, resource, _basis(element, persons), purpose)
    ]
    if own and chance.randint(1, 3) == 1:
        found += [_condition(chance, own) for _ in range(chance.randint(1, 2))]
    if persons and chance.randint(1, 4) == 1:
        about = chance.choice(sorted(persons))
        others = _related(catalog, resource["persons"][about], persons[about]["basis"], purpose)
        if others:
            related = chance.choice(sorted(others))
            where = [_condition(chance, others[related]) for _ in range(chance.randint(1, 2))]
            found.append({"related": related, "about": about, "where": where})
    naming = [
        path
        for path, element in resource["elements"].items()
        if element.get("names") and is_known(element, resource) and may_be_learnt(element, _basis(element, persons), purpose)
    ]
    if naming and not any(own["basis"] in DEIDENTIFIED for own in persons.values()) and chance.randint(1, 4) == 1:
        found.append({"roster": chance.choice(naming)})
    return found


def read_by(rows: Sequence[Facts], resource: str) -> set[str]:
    """What an agreement must disclose for its rows."""
    own = {row[member] for row in rows for member in ("element", "roster") if member in row}
    others = [(row["related"], condition["element"]) for row in rows if "related" in row for condition in row["where"]]
    return own | {path if related == resource else f"{related}.{path}" for related, path in others}


def _related(catalog: Facts, person: Facts, basis: str, purpose: str) -> Mapping[str, list[str]]:
    """The resources in which a person may have a row, with the elements that may be told of it."""
    found: dict[str, list[str]] = {}
    for name, other in catalog["resources"].items():
        theirs = {subject for described in other["persons"].values() for subject in described["subject_types"]}
        paths = [path for path, element in other["elements"].items() if _may_choose(element, other, basis, purpose)]
        if paths and set(person["subject_types"]) & theirs - {"nobody"}:
            found[name] = paths
    return found


def _basis(element: Facts, persons: Facts) -> str | None:
    person = element.get("person")
    return None if person is None or person not in persons else persons[person]["basis"]


def _may_choose(element: Facts, resource: Facts, basis: str | None, purpose: str) -> bool:
    return (
        is_known(element, resource)
        and element["class"] not in SEALED
        and element["floor"] != "evaluation"
        and may_be_learnt(element, basis, purpose)
        and not (basis in DEIDENTIFIED and element["class"] == "quasi_identifier")
    )


def _condition(chance: Random, paths: Sequence[str]) -> dict[str, Any]:
    comparison, values = chance.choice(COMPARED)
    return {"element": chance.choice(paths), "comparison": comparison, "values": list(values)}
