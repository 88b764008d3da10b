"""Random agreements that hold, over a catalog: entries as `policies/INPUT.md` says, in which nothing is wrong yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from tests.oracle.grants import SEALED
from tests.oracle.grounds import BASES, DEIDENTIFIED, DIRECTORY, ONLY_PURPOSES, PERSONNEL, PLACES_NOBODY, suits
from tests.oracle.learning import is_known, may_be_learnt
from tests.oracle.reading import Facts, read
from tests.oracle.scopes import read_by, rows_of

TODAY = "2026-11-24"
ZONES = {"America/Chicago": TODAY, "Pacific/Auckland": "2026-11-25"}
CODES = {"stem": {"uri://x#Physics": "STEM"}}
EMPLOYERS_TOO = ("early_hire", "hiring")


def agreement(chance: Random, catalog: Facts, name: str, purpose: str, number: int = 0) -> dict[str, Any]:
    """An agreement about a resource that serves a purpose."""
    resource = catalog["resources"][name]
    persons = _persons(chance, resource["persons"], purpose)
    basis = chance.choice(sorted(persons)) if persons else None
    zone = chance.choice(sorted(ZONES))
    entry: dict[str, Any] = {
        "id": f"agreement-{number}",
        "version": chance.randint(1, 3),
        "digest": "d1ce",
        "state": "in_force",
        "timezone": zone,
        "term": {"from": chance.choice(["2026-07-01", ZONES[zone]]), "until": chance.choice(["2027-06-30", ZONES[zone]])},
        "redisclosure": {"allowed": False, "notice": "Do not pass on.", "additional_parties": []},
        "destruction": {"days_after_end": 90, "method": "deletion", "certification": True},
        "minimum_cell_size": 10,
        "schedule": "one-way",
        "provider": "lakeside",
        "recipient": "riverton",
        "kinds": {"provider": ["epp"], "recipient": ["district"]},
        "names": {"provider": "Lakeside University", "recipient": "Riverton Unified"},
        "resource": name,
        "purposes": [purpose],
        "interests": {purpose: "Because it is needed"},
        "legal_basis": persons[basis] if basis else said_basis(chance, chance.choice(_names(purpose)), purpose),
        "persons": persons,
        "rows": [],
        "discloses": [],
        "elements": {},
        "code_lists": CODES,
        "formats": ["json", "csv"],
        "change_feed": False,
        "limits": {"requests_per_minute": chance.choice([None, 60]), "rows_per_day": chance.choice([None, 5000])},
        "usage": {"requests_this_minute": chance.randint(0, 59), "rows_today": chance.randint(0, 4999)},
        "release": None,
    }
    if any(own["basis"] in DEIDENTIFIED for own in (entry["legal_basis"], *persons.values())):
        entry["release"] = {
            "version": 1,
            "smallest_class": 12,
            "official": "The registrar",
            "made_on": chance.choice(["2026-10-01", ZONES[zone]]),
        }
    else:
        entry["change_feed"] = chance.choice([False, True])
    entry["elements"] = _elements(chance, resource, entry, purpose)
    entry["rows"] = rows_of(chance, catalog, name, entry["persons"], purpose)
    entry["discloses"] = sorted(read_by(entry["rows"], name))
    for row in entry["rows"]:
        if "roster" in row and chance.choice([True, False]):
            entry["elements"][row["roster"]] = {"treatment": "return_own_id"}
    tell(entry, catalog)
    return entry


def tell(entry: dict[str, Any], catalog: Facts) -> None:
    """Let forms, notices and lists of quasi-identifiers say what the entry shows."""
    judged = read(entry, entry["resource"], catalog, entry["purposes"], TODAY, ())
    for basis in judged.bases:
        mine = [shown for shown in judged.shown if shown.role in basis.roles]
        details: Any = basis.details
        if basis.name == "consent":
            for shown in mine:
                details["form"]["records"].setdefault(shown.resource, []).append(shown.path)
        if basis.name == DIRECTORY:
            details["notice"]["designated"] += sorted({shown.path.rpartition(".")[2] for shown in mine})
        if basis.name in DEIDENTIFIED:
            details["quasi_identifiers"] = sorted(shown.path for shown in mine if shown.element["class"] == "quasi_identifier")


def said_basis(chance: Random, name: str, purpose: str) -> dict[str, Any]:
    """A basis that says all that it must."""
    citation = "34 CFR 99.3; board policy 4119" if name == PERSONNEL else "34 CFR 99"
    return {"basis": name, "citation": citation, "details": _details(chance, name, purpose)}


def _persons(chance: Random, persons: Facts, purpose: str) -> dict[str, Any]:
    """One basis for each person; all are de-identified or none is, and those on the same basis may say it alike."""
    fitting = {
        role: [name for name in _names(purpose) if any(suits(name, subject) for subject in person["subject_types"])]
        for role, person in persons.items()
    }
    first = chance.choice(sorted(fitting)) if fitting else None
    if first is None:
        return {}
    bases: dict[str, Any] = {}
    for role in sorted(fitting, key=lambda role: role != first):
        allowed = fitting[role] or ["consent"]
        if bases:
            frozen = any(own["basis"] in DEIDENTIFIED for own in bases.values())
            allowed = [name for name in allowed if (name in DEIDENTIFIED) is frozen] or ["consent"]
        bases[role] = said_basis(chance, chance.choice(allowed), purpose)
    return bases


def _names(purpose: str) -> list[str]:
    """The bases that serve a purpose."""
    names = [name for name in sorted(BASES) if name not in ONLY_PURPOSES or purpose in ONLY_PURPOSES[name][1]]
    if purpose == "placement":
        names = [name for name in names if name not in PLACES_NOBODY]
    return [name for name in names if purpose not in EMPLOYERS_TOO or name != "a1_school_official"]


def _details(chance: Random, name: str, purpose: str) -> dict[str, Any]:
    match name:
        case "consent":
            return {"form": {"id": "release-2026", "text_sha256": "a" * 64, "records": {}}}
        case "a1_school_official":
            return {
                "institutional_function": "Hosts",
                "direct_control": "Section 4",
                "legitimate_interest": "Placing",
                "roles": ["mentor"],
            }
        case "a2_enrollment":
            return {"notice": chance.choice(["annual", "given", "initiated_by_student"])}
        case "a3_audit_eval":
            return {
                "authority": "20 U.S.C. 1022d",
                "designated_representative": "Riverton Unified",
                "program": "Teacher Quality Partnership",
                "activity": "The recipient compares what completers were taught with how they were placed.",
                "safeguards": "Two named analysts",
                "destruction": {"days_after_end": chance.choice([0, 30])},
                "verification": {"last_on": chance.choice(["2026-03-01", "2025-11-25"]), "audit_right": True},
            }
        case "a6_study":
            return {
                "on_behalf_of": "lakeside",
                "study": {
                    "purpose": chance.choice(["predictive_tests", "student_aid", "improve_instruction"]),
                    "scope": "Two years",
                    "from": chance.choice(["2026-09-01", TODAY]),
                    "until": chance.choice(["2027-03-31", "2026-11-25"]),
                },
                "no_identification": True,
                "representatives": ["R. Analyst"],
                "destruction": {"days_after_end": 30},
            }
        case "a7_accreditation":
            return {"organisation": "CAEP"}
        case "a9_order_or_subpoena":
            return {"order": {"court": "Circuit Court", "number": "26-L-1042", "dated": "2026-10-01"}}
        case "a10_emergency":
            return {"threat": "A flood"}
        case "a11_directory":
            limits = {"parties": ["riverton"], "purposes": [purpose, "pipeline"]}
            return {
                "notice": {
                    "published": "2026-08-01",
                    "opt_out_until": chance.choice(["2026-08-01", "2026-11-23"]),
                    "designated": ["firstName"],
                    **{name: limits[name] for name in chance.sample(sorted(limits), chance.randint(0, 2))},
                }
            }
        case "b1_deidentified":
            return {"smallest_class": chance.choice([10, 12]), "quasi_identifiers": []}
        case "b2_coded_research":
            return {"smallest_class": 10, "quasi_identifiers": [], "project": "Residency", "code_source": "random"}
        case "none_not_education_record":
            return {"module": "personnel-default"}
    return {}


def _elements(chance: Random, resource: Facts, entry: Facts, purpose: str) -> dict[str, Any]:
    described = resource["elements"]
    usable = [path for path, element in described.items() if is_known(element, resource)]
    if not usable:
        return {}
    chosen = chance.sample(usable, min(len(usable), chance.randint(1, 5)))
    found = {}
    for path in chosen:
        grants = record_level(path, described[path], entry, purpose)
        hidden = [{"treatment": "aggregate_only"}, {"treatment": "withhold"}]
        found[path] = chance.choice([*grants * (1 + 6 // (1 + len(grants))), *hidden])
    return found


def record_level(path: str, element: Facts, entry: Facts, purpose: str) -> list[dict[str, Any]]:
    """The treatments with which an element may be shown."""
    basis = None if element["person"] is None else entry["persons"][element["person"]]["basis"]
    if not may_be_learnt(element, basis, purpose):
        return []
    if element["class"] == "free_text":
        return [{"treatment": "redact_text"}] if element["type"] == "string" else []
    coarser = [] if element["class"] in SEALED else list(coarser_of(path, element["type"]))
    if basis in DEIDENTIFIED and element["class"] == "quasi_identifier":
        return coarser
    grants = [{"treatment": "share"}, *coarser]
    if element["pseudonymisable"]:
        grants.append({"treatment": "pseudonymise"})
    if element["type"] == "string":
        grants += [{"treatment": "mask", "keep": "initial"}, {"treatment": "mask", "keep": "last_four"}]
    return grants


def coarser_of(path: str, kind: str) -> Sequence[dict[str, Any]]:
    """The generalisations for an element of a type."""
    last = path.rpartition(".")[2]
    named: Mapping[str, list[dict[str, Any]]] = {
        "birthDate": [{"to": "age_band", "by": 2}],
        "postalCode": [{"to": "zip3"}],
        "gradeLevelDescriptor": [{"to": "grade_band"}],
    }
    numbers: list[dict[str, Any]] = [
        {"to": "band", "by": 1},
        {"to": "round", "by": 0.5},
        {"to": "top_code", "by": 90},
        {"to": "bottom_code", "by": -1.5},
    ]
    by_type: Mapping[str, list[dict[str, Any]]] = {
        "date": [{"to": "year"}, {"to": "month"}],
        "integer": numbers,
        "number": numbers,
        "string": [{"to": "roll_up", "by": "stem"}],
        "descriptor": [{"to": "roll_up", "by": "stem"}],
    }
    own = named.get(last, []) if {"birthDate": "date", "postalCode": "string"}.get(last, "descriptor") == kind else []
    return [{"treatment": "generalise", **how} for how in (*own, *by_type.get(kind, []))]
