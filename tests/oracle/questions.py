"""Random questions: mostly right, with something wrong now and then, over the shipped catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from gateway.catalog.describe import policy_facts
from gateway.catalog.load import load_catalog
from gateway.domain.agreement import FORMATS, PURPOSES
from tests.oracle.oracle import BASES, ONLY_FOR, STUDENTS

CATALOG: Mapping[str, Any] = orjson.loads(orjson.dumps(policy_facts(load_catalog())))
RESOURCES = (
    "candidates",
    "candidateEducatorPreparationProgramAssociations",
    "candidateRelationshipToStaffAssociations",
    "credentials",
    "fieldworkExperiences",
    "financialAids",
    "openStaffPositions",
    "people",
    "performanceEvaluationRatings",
    "schools",
    "staffs",
    "surveyResponses",
)
MODULES = ("personnel-default",)
TODAY = "2026-11-24"
CODES = {"stem": {"uri://x#Physics": "STEM"}}
FITTING: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "date": (
        {"treatment": "generalise", "to": "year"},
        {"treatment": "generalise", "to": "month"},
        {"treatment": "generalise", "to": "age_band", "by": 5},
    ),
    "integer": (
        {"treatment": "generalise", "to": "band", "by": 10},
        {"treatment": "generalise", "to": "round", "by": 5},
        {"treatment": "generalise", "to": "top_code", "by": 90},
    ),
    "number": (
        {"treatment": "generalise", "to": "band", "by": 10},
        {"treatment": "generalise", "to": "bottom_code", "by": 1.5},
    ),
    "string": (
        {"treatment": "mask", "keep": "initial"},
        {"treatment": "mask", "keep": "last_four"},
        {"treatment": "generalise", "to": "zip3"},
        {"treatment": "generalise", "to": "roll_up", "by": "stem"},
    ),
    "descriptor": ({"treatment": "generalise", "to": "roll_up", "by": "stem"}, {"treatment": "generalise", "to": "grade_band"}),
}
PLAIN: tuple[Mapping[str, Any], ...] = tuple({"treatment": word} for word in ("share", "share", "withhold", "aggregate_only"))
EVERY = (
    *PLAIN,
    {"treatment": "pseudonymise"},
    {"treatment": "generalise", "to": "roll_up", "by": "unknown"},
    *(grant for grants in FITTING.values() for grant in grants),
)


def _mostly(draw: DrawFn, right: SearchStrategy[Any], wrong: SearchStrategy[Any], one_in: int = 12) -> Any:
    return draw(wrong if draw(st.integers(1, one_in)) == one_in else right)


@st.composite
def questions(draw: DrawFn) -> dict[str, Any]:
    """The input of one decision, as `policies/INPUT.md` says."""
    resource = draw(st.sampled_from(RESOURCES))
    purpose = draw(st.sampled_from(PURPOSES))
    count = _mostly(draw, st.just(1), st.sampled_from([0, 2]))
    entries = [_entry(draw, resource, purpose, number) for number in range(count)]
    known = st.sampled_from(sorted(CATALOG["resources"][resource]["elements"]))
    return {
        "principal": {
            "client": "a-client",
            "institution": "riverton",
            "purposes": sorted(_mostly(draw, st.just({purpose, "placement"}), st.just({"placement"}))),
        },
        "request": {
            "resource": resource,
            "purpose": purpose,
            "provider": _mostly(draw, st.none(), st.sampled_from(["lakeside", "hillside"]), 6),
            "agreement": _mostly(draw, st.none(), st.sampled_from(["agreement-0", "agreement-1"]), 6),
            "operation": _mostly(draw, st.just("read"), st.just("feed")),
            "format": _mostly(draw, st.just("json"), st.sampled_from(FORMATS)),
            "filters": sorted(draw(st.sets(known, max_size=2))) if draw(st.booleans()) else [],
        },
        "today": {"America/Chicago": TODAY},
        "modules": list(MODULES),
        "agreements": entries,
    }


def _entry(draw: DrawFn, resource: str, purpose: str, number: int) -> dict[str, Any]:
    described = CATALOG["resources"][resource]
    persons = {role: _basis(draw, set(person["subject_types"]), purpose) for role, person in described["persons"].items()}
    first = next(iter(persons.values()), None) or _basis(draw, set(), purpose)
    elements = _elements(draw, described["elements"])
    rows = _rows(draw, described["elements"])
    limits = {
        "requests_per_minute": _mostly(draw, st.none(), st.integers(1, 5), 3),
        "rows_per_day": _mostly(draw, st.none(), st.integers(1, 5), 3),
    }
    entry = {
        "id": f"agreement-{number}",
        "version": 1,
        "digest": "d1ce",
        "state": _mostly(draw, st.just("in_force"), st.sampled_from(["proposed", "signed", "suspended", "expired", "terminated"])),
        "timezone": "America/Chicago",
        "term": {
            "from": _mostly(draw, st.sampled_from(["2026-07-01", TODAY]), st.just("2026-11-25")),
            "until": _mostly(draw, st.sampled_from(["2027-06-30", TODAY]), st.just("2026-11-23")),
        },
        "redisclosure": {"allowed": False, "notice": "Do not pass on.", "additional_parties": []},
        "destruction": {"days_after_end": 90, "method": "deletion", "certification": True},
        "minimum_cell_size": 10,
        "schedule": "one-way",
        "provider": "lakeside",
        "recipient": _mostly(draw, st.just("riverton"), st.just("oakhill"), 20),
        "kinds": {"provider": ["epp"], "recipient": ["district"]},
        "names": {"provider": "Lakeside University", "recipient": "Riverton Unified"},
        "resource": resource,
        "purposes": sorted(_mostly(draw, st.just({purpose}), st.sets(st.sampled_from(PURPOSES), min_size=1, max_size=2))),
        "interests": {purpose: "Because it is needed"},
        "legal_basis": dict(first),
        "persons": persons,
        "rows": rows,
        "discloses": sorted({row["element"] for row in rows or ()}) if draw(st.integers(1, 8)) > 1 else [],
        "elements": elements,
        "code_lists": CODES if any(grant.get("by") == "stem" for grant in elements.values()) else {},
        "formats": _mostly(draw, st.just(["json"]), st.just(["csv"]), 20),
        "change_feed": draw(st.booleans()),
        "limits": limits,
        "release": _mostly(
            draw,
            st.just({"version": 1, "smallest_class": 10, "official": "The registrar", "made_on": "2026-10-01"}),
            st.none(),
            4,
        )
        if any(basis["basis"].startswith("b") for basis in persons.values())
        else None,
    }
    if limits["requests_per_minute"] is not None or limits["rows_per_day"] is not None:
        entry["usage"] = {"requests_this_minute": draw(st.integers(0, 5)), "rows_today": draw(st.integers(0, 5))}
    for basis in persons.values():
        if basis["basis"].startswith("b"):
            basis["details"]["quasi_identifiers"] = sorted(
                path
                for path, element in described["elements"].items()
                if element["class"] == "quasi_identifier" and path in elements and draw(st.integers(1, 6)) > 1
            )
    return entry


def _basis(draw: DrawFn, types: set[str], purpose: str) -> dict[str, Any]:
    fitting = [name for name in sorted(BASES) if purpose in ONLY_FOR.get(name, {purpose})]
    if types & STUDENTS:
        fitting.remove("none_not_education_record")
    if not types <= STUDENTS or not types:
        fitting = [name for name in fitting if name != "a11_directory"]
    if types and not types & STUDENTS:
        fitting += ["none_not_education_record"] * len(fitting)
    name = _mostly(draw, st.sampled_from(fitting), st.sampled_from(sorted(BASES)))
    return {
        "basis": name,
        "citation": _mostly(draw, st.just("34 CFR 99"), st.sampled_from(["", "  "]), 30),
        "details": _details(draw, name),
    }


def _details(draw: DrawFn, name: str) -> dict[str, Any]:
    match name:
        case "consent":
            return _mostly(draw, st.just({"form": {"id": "release", "text_sha256": "a" * 64, "records": {}}}), st.just({}))
        case "none_not_education_record":
            return {"module": _mostly(draw, st.just(MODULES[0]), st.just("us-elsewhere"))}
        case "b1_deidentified" | "b2_coded_research":
            return {"smallest_class": 10, "quasi_identifiers": [], "project": "p", "code_source": "random"}
        case "a11_directory":
            return {"notice": {"published": "2026-08-01", "opt_out_until": "2026-09-01", "designated": "ALL"}}
        case _:
            return {}


def _elements(draw: DrawFn, described: Mapping[str, Any]) -> dict[str, Any]:
    usable = [path for path, element in described.items() if element["class"] != "prohibited"]
    prohibited = [path for path, element in described.items() if element["class"] == "prohibited"]
    chosen = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=5, unique=True))
    elements = {path: dict(_grant(draw, described[path])) for path in chosen}
    if draw(st.integers(1, 25)) == 1:
        elements["shoeSize"] = dict(draw(st.sampled_from(PLAIN)))
    if prohibited and draw(st.integers(1, 25)) == 1:
        elements[draw(st.sampled_from(prohibited))] = dict(draw(st.sampled_from(PLAIN)))
    return elements


def _grant(draw: DrawFn, element: Mapping[str, Any]) -> Mapping[str, Any]:
    right = PLAIN
    if element["class"] not in ("direct_identifier", "free_text"):
        right += FITTING.get(element["type"], ())
    elif element["type"] == "string":
        right += FITTING["string"][:2]
    if element["pseudonymisable"]:
        right += ({"treatment": "pseudonymise"},)
    found: Mapping[str, Any] = _mostly(draw, st.sampled_from(right), st.sampled_from(EVERY), 25)
    return found


def _rows(draw: DrawFn, described: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    if draw(st.integers(1, 3)) > 1:
        return []
    if draw(st.integers(1, 15)) == 1:
        return None
    choosing = [
        path for path, e in described.items() if e["class"] in ("quasi_identifier", "sensitive", "operational") and "." not in path
    ]
    path = (
        _mostly(draw, st.sampled_from(choosing), st.sampled_from(sorted(described)), 10)
        if choosing
        else draw(st.sampled_from(sorted(described)))
    )
    return [{"element": path, "comparison": "in", "values": draw(st.lists(st.sampled_from(["a", 1, True]), max_size=2))}]
