"""Random agreements that hold, over a catalog: entries as `policies/INPUT.md` says, in which nothing is wrong yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.oracle.grants import PLACING_AND_HIRING, SEALED
from tests.oracle.grounds import BASES, DEIDENTIFIED, DIRECTORY, ONLY_PURPOSES, PERSONNEL, PLACES_NOBODY, suits
from tests.oracle.reading import Facts, read

TODAY = "2026-11-24"
ZONES = {"America/Chicago": TODAY, "Pacific/Auckland": "2026-11-25"}
CODES = {"stem": {"uri://x#Physics": "STEM"}}
EMPLOYERS_TOO = ("early_hire", "hiring")


def agreement(draw: DrawFn, catalog: Facts, name: str, purpose: str, number: int = 0) -> dict[str, Any]:
    """An agreement about a resource that serves a purpose."""
    resource = catalog["resources"][name]
    persons = _persons(draw, resource["persons"], purpose)
    basis = draw(st.sampled_from(sorted(persons))) if persons else None
    zone = draw(st.sampled_from(sorted(ZONES)))
    entry: dict[str, Any] = {
        "id": f"agreement-{number}",
        "version": draw(st.integers(1, 3)),
        "digest": "d1ce",
        "state": "in_force",
        "timezone": zone,
        "term": {"from": draw(st.sampled_from(["2026-07-01", ZONES[zone]])), "until": draw(st.sampled_from(["2027-06-30", ZONES[zone]]))},
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
        "legal_basis": persons[basis] if basis else said_basis(draw, draw(st.sampled_from(_names(purpose))), purpose),
        "persons": persons,
        "rows": [],
        "discloses": [],
        "elements": {},
        "code_lists": CODES,
        "formats": ["json", "csv"],
        "change_feed": False,
        "limits": {"requests_per_minute": draw(st.sampled_from([None, 60])), "rows_per_day": draw(st.sampled_from([None, 5000]))},
        "usage": {"requests_this_minute": draw(st.integers(0, 59)), "rows_today": draw(st.integers(0, 4999))},
        "release": None,
    }
    if any(own["basis"] in DEIDENTIFIED for own in (entry["legal_basis"], *persons.values())):
        entry["release"] = {"version": 1, "smallest_class": 12, "official": "The registrar", "made_on": draw(st.sampled_from(["2026-10-01", ZONES[zone]]))}
    else:
        entry["change_feed"] = draw(st.booleans())
    entry["elements"] = _elements(draw, resource, entry, purpose)
    entry["rows"] = _rows(draw, catalog, name, entry, purpose)
    entry["discloses"] = sorted(
        condition if related is None else f"{related}.{condition}" for related, condition in _conditions(entry["rows"])
    )
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


def said_basis(draw: DrawFn, name: str, purpose: str) -> dict[str, Any]:
    """A basis that says all that it must."""
    citation = "34 CFR 99.3; board policy 4119" if name == PERSONNEL else "34 CFR 99"
    return {"basis": name, "citation": citation, "details": _details(draw, name, purpose)}


def _persons(draw: DrawFn, persons: Facts, purpose: str) -> dict[str, Any]:
    """One basis for each person; all are de-identified or none is, and those on the same basis may say it alike."""
    fitting = {
        role: [name for name in _names(purpose) if any(suits(name, subject) for subject in person["subject_types"])]
        for role, person in persons.items()
    }
    first = draw(st.sampled_from(sorted(fitting))) if fitting else None
    if first is None:
        return {}
    bases: dict[str, Any] = {}
    for role in sorted(fitting, key=lambda role: role != first):
        allowed = fitting[role] or ["consent"]
        if bases:
            frozen = any(own["basis"] in DEIDENTIFIED for own in bases.values())
            allowed = [name for name in allowed if (name in DEIDENTIFIED) is frozen] or ["consent"]
        bases[role] = said_basis(draw, draw(st.sampled_from(allowed)), purpose)
    return bases


def _names(purpose: str) -> list[str]:
    """The bases that serve a purpose."""
    names = [name for name in sorted(BASES) if name not in ONLY_PURPOSES or purpose in ONLY_PURPOSES[name][1]]
    if purpose == "placement":
        names = [name for name in names if name not in PLACES_NOBODY]
    return [name for name in names if purpose not in EMPLOYERS_TOO or name != "a1_school_official"]


def _details(draw: DrawFn, name: str, purpose: str) -> dict[str, Any]:
    match name:
        case "consent":
            return {"form": {"id": "release-2026", "text_sha256": "a" * 64, "records": {}}}
        case "a1_school_official":
            return {"institutional_function": "Hosts", "direct_control": "Section 4", "legitimate_interest": "Placing", "roles": ["mentor"]}
        case "a2_enrollment":
            return {"notice": draw(st.sampled_from(["annual", "given", "initiated_by_student"]))}
        case "a3_audit_eval":
            return {
                "authority": "20 U.S.C. 1022d",
                "designated_representative": "Riverton Unified",
                "program": "Teacher Quality Partnership",
                "activity": "The recipient compares what completers were taught with how they were placed.",
                "safeguards": "Two named analysts",
                "destruction": {"days_after_end": draw(st.sampled_from([0, 30]))},
                "verification": {"last_on": draw(st.sampled_from(["2026-03-01", "2025-11-25"])), "audit_right": True},
            }
        case "a6_study":
            return {
                "on_behalf_of": "lakeside",
                "study": {
                    "purpose": draw(st.sampled_from(["predictive_tests", "student_aid", "improve_instruction"])),
                    "scope": "Two years",
                    "from": draw(st.sampled_from(["2026-09-01", TODAY])),
                    "until": draw(st.sampled_from(["2027-03-31", "2026-11-25"])),
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
                    "opt_out_until": draw(st.sampled_from(["2026-08-01", "2026-11-23"])),
                    "designated": ["firstName"],
                    **{name: limits[name] for name in draw(st.sets(st.sampled_from(sorted(limits))))},
                }
            }
        case "b1_deidentified":
            return {"smallest_class": draw(st.sampled_from([10, 12])), "quasi_identifiers": []}
        case "b2_coded_research":
            return {"smallest_class": 10, "quasi_identifiers": [], "project": "Residency", "code_source": "random"}
        case "none_not_education_record":
            return {"module": "personnel-default"}
    return {}


def _elements(draw: DrawFn, resource: Facts, entry: Facts, purpose: str) -> dict[str, Any]:
    described = resource["elements"]
    usable = [path for path, element in described.items() if _is_known(element, resource)]
    if not usable:
        return {}
    chosen = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=5, unique=True))
    found = {}
    for path in chosen:
        grants = record_level(path, described[path], entry, purpose)
        hidden = [{"treatment": "aggregate_only"}, {"treatment": "withhold"}]
        found[path] = draw(st.sampled_from([*grants * (1 + 6 // (1 + len(grants))), *hidden]))
    return found


def _is_known(element: Facts, resource: Facts) -> bool:
    person = element.get("person")
    known = {"class", "pii", "floor", "person"} <= element.keys() and (person is None or person in resource["persons"])
    return known and element["class"] != "prohibited" and element["floor"] != "sometimes" and element["pii"] != "wizardry"


def record_level(path: str, element: Facts, entry: Facts, purpose: str) -> list[dict[str, Any]]:
    """The treatments with which an element may be shown."""
    basis = None if element["person"] is None else entry["persons"][element["person"]]["basis"]
    if not may_be_learnt(element, basis, purpose):
        return []
    coarser = [] if element["class"] in SEALED else list(coarser_of(path, element["type"]))
    if basis in DEIDENTIFIED and element["class"] == "quasi_identifier":
        return coarser
    grants = [{"treatment": "share"}, *coarser]
    if element["pseudonymisable"]:
        grants.append({"treatment": "pseudonymise"})
    if element["type"] == "string":
        grants += [{"treatment": "mask", "keep": "initial"}, {"treatment": "mask", "keep": "last_four"}]
    return grants


def may_be_learnt(element: Facts, basis: str | None, purpose: str) -> bool:
    """Whether an element may be told record by record on a basis."""
    if element["floor"] == "record_level" or (element["floor"] == "hiring" and purpose in PLACING_AND_HIRING):
        return False
    match basis:
        case "a11_directory":
            return bool(element["directory"])
        case "b1_deidentified" | "b2_coded_research":
            return element["class"] not in SEALED
        case "none_not_education_record":
            return (
                element["class"] not in {"sensitive", "free_text"}
                and element["floor"] != "evaluation"
                and element["pii"] not in {"address", "indirect_id", "parent_name"}
            )
    return True


def coarser_of(path: str, kind: str) -> Sequence[dict[str, Any]]:
    """The generalisations for an element of a type."""
    last = path.rpartition(".")[2]
    named = {
        "birthDate": [{"to": "age_band", "by": 2}],
        "postalCode": [{"to": "zip3"}],
        "gradeLevelDescriptor": [{"to": "grade_band"}],
    }
    numbers = [{"to": "band", "by": 1}, {"to": "round", "by": 0.5}, {"to": "top_code", "by": 90}, {"to": "bottom_code", "by": -1.5}]
    by_type: Mapping[str, list[dict[str, Any]]] = {
        "date": [{"to": "year"}, {"to": "month"}],
        "integer": numbers,
        "number": numbers,
        "string": [{"to": "roll_up", "by": "stem"}],
        "descriptor": [{"to": "roll_up", "by": "stem"}],
    }
    own = named.get(last, []) if {"birthDate": "date", "postalCode": "string"}.get(last, "descriptor") == kind else []
    return [{"treatment": "generalise", **how} for how in (*own, *by_type.get(kind, []))]


def _rows(draw: DrawFn, catalog: Facts, name: str, entry: Facts, purpose: str) -> list[dict[str, Any]]:
    resource = catalog["resources"][name]
    found: list[dict[str, Any]] = []
    if draw(st.integers(1, 3)) == 1:
        found += draw(st.lists(conditions(resource, entry["persons"], None, purpose), max_size=2)) if _choosing(resource, entry["persons"], None, purpose) else []
    if resource["persons"] and draw(st.integers(1, 4)) == 1:
        about = draw(st.sampled_from(sorted(resource["persons"])))
        basis = entry["persons"][about]["basis"]
        others = [
            other
            for other in sorted(catalog["resources"])
            if in_common(resource["persons"][about], catalog["resources"][other]) and _choosing(catalog["resources"][other], {}, basis, purpose)
        ]
        if others:
            related = draw(st.sampled_from(others))
            where = draw(st.lists(conditions(catalog["resources"][related], {}, basis, purpose), min_size=1, max_size=2))
            found.append({"related": related, "about": about, "where": where})
    return found


def in_common(person: Facts, other: Facts) -> bool:
    """Whether somebody of a row may have a row of another resource."""
    theirs = {subject for described in other["persons"].values() for subject in described["subject_types"]}
    return bool(set(person["subject_types"]) & theirs - {"nobody"})


def _choosing(resource: Facts, persons: Facts, basis: str | None, purpose: str) -> list[str]:
    """The elements that may choose rows of what flows on these bases."""

    def basis_of(element: Facts) -> str | None:
        return persons[element["person"]]["basis"] if basis is None and element["person"] else basis

    return [
        path
        for path, element in resource["elements"].items()
        if _is_known(element, resource)
        and element["class"] not in SEALED
        and may_be_learnt(element, basis_of(element), purpose)
        and not (basis_of(element) in DEIDENTIFIED and element["class"] == "quasi_identifier")
        and not (element["floor"] == "evaluation" and basis_of(element) != "consent")
    ]


def conditions(resource: Facts, persons: Facts, basis: str | None, purpose: str) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions over the elements that may choose rows."""
    compared = st.sampled_from(
        [("in", ["a", 1, True]), ("in", []), ("equals", ["a"]), ("at_least", [3]), ("at_most", ["2026-01-01"]), ("present", [False])]
    )
    paths = st.sampled_from(_choosing(resource, persons, basis, purpose))
    return st.builds(lambda path, how: {"element": path, "comparison": how[0], "values": list(how[1])}, paths, compared)


def _conditions(rows: Sequence[Facts]) -> set[tuple[str | None, str]]:
    return {(row.get("related"), condition["element"]) for row in rows for condition in row.get("where", [row])}
