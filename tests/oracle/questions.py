"""Random questions: agreements that hold, with something wrong now and then, over the shipped catalog and that of the cases."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import orjson
from hypothesis import strategies as st

from gateway.catalog.describe import policy_facts
from gateway.catalog.load import load_catalog
from gateway.domain.agreement import PURPOSES
from tests.oracle.agreements import ZONES, agreement
from tests.oracle.slips import SLIPS
from tests.policies.corpus import CATALOG

CATALOGS: Mapping[str, Mapping[str, Any]] = {
    "shipped": orjson.loads(orjson.dumps(policy_facts(load_catalog()))),
    "cases": orjson.loads(CATALOG.read_bytes()),
}
"""What the policy is told of the resources that ship, and of those that the decision cases made up."""


def _often(catalog: Mapping[str, Any]) -> list[str]:
    """Every resource, those about people more often, and those of which something is never shared most often."""
    resources = catalog["resources"].items()
    about_people = [name for name, resource in resources if resource["persons"]]
    delicate = [
        name
        for name, resource in resources
        if any(element.get("floor", "") is not None for element in resource["elements"].values())
    ]
    return sorted([*catalog["resources"], *2 * about_people, *4 * delicate])


OFTEN = {name: _often(catalog) for name, catalog in CATALOGS.items()}


def sound_question(chance: Random) -> tuple[str, dict[str, Any]]:
    """The name of a catalog, and the input of a decision over it in which nothing is wrong."""
    name = chance.choice(["shipped", "shipped", "shipped", "cases"])
    resource = chance.choice(OFTEN[name])
    purpose = chance.choice(PURPOSES)
    entry = agreement(chance, CATALOGS[name], resource, purpose)
    return name, {
        "principal": {"client": "a-client", "institution": "riverton", "purposes": sorted({purpose, "placement"})},
        "request": {
            "resource": resource,
            "purpose": purpose,
            "provider": chance.choice([None, None, "lakeside"]),
            "agreement": chance.choice([None, None, "agreement-0"]),
            "operation": "feed" if entry["change_feed"] and chance.choice([True, False]) else "read",
            "format": chance.choice(["json", "csv"]),
            "filters": [],
        },
        "today": dict(ZONES),
        "modules": ["personnel-default"],
        "agreements": [entry],
    }


def question(chance: Random) -> tuple[str, dict[str, Any]]:
    """The same with up to three things wrong."""
    name, sound = sound_question(chance)
    asked = orjson.loads(orjson.dumps(sound))  # in which nothing is one object twice
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
        if not is_whole(asked):
            break
        chance.choice(SLIPS)(chance, asked, CATALOGS[name])
    return name, asked


CHANCES = st.randoms(use_true_random=True)
"""Where chance begins. Hypothesis does not draw each turn of it: of neighbours that it makes by itself too many ask the same."""


def is_whole(asked: Mapping[str, Any]) -> bool:
    """Whether what another slip would change is still there."""
    match asked:
        case {"principal": dict(), "request": {"resource": str(resource), "purpose": str()}, "agreements": [_, *_] as entries}:
            return all(_is_whole_about(entry, resource) for entry in entries)
    return False


def _is_whole_about(entry: Any, resource: str) -> bool:
    match entry:
        case {"persons": dict() as persons, "purposes": list(), "interests": dict(), "legal_basis": dict(), "resource": about}:
            return (
                about == resource
                and {"rows", "elements"} <= entry.keys()
                and all(isinstance(own, dict) for own in persons.values())
            )
    return False
