"""The decision on one request as a reader of `policies/agreements/README.md` and `policies/INPUT.md` would make it by hand.

Written from those pages and not from the Rego, so that the two can be held against each other. It says whether a request is
permitted and what of it; the ids of the rules that refuse are the cases' affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]

STUDENTS = {"candidate", "alumnus", "k12_student"}
DEIDENTIFIED = {"b1_deidentified", "b2_coded_research"}
BASES = {
    "consent",
    "a1_school_official",
    "a2_enrollment",
    "a3_audit_eval",
    "a6_study",
    "a7_accreditation",
    "a9_order_or_subpoena",
    "a10_emergency",
    "a11_directory",
    "a12_self",
    *DEIDENTIFIED,
    "none_not_education_record",
}
ONLY_FOR = {
    "a2_enrollment": {"transfer"},
    "a3_audit_eval": {"audit", "evaluation"},
    "a6_study": {"research"},
    "a7_accreditation": {"accreditation"},
    "b2_coded_research": {"research"},
}
PLACING_AND_HIRING = {"placement", "hiring", "early_hire"}
NUMBERS = {"integer", "number"}
TEXTS = {"string", "descriptor"}
SEALED = {"direct_identifier", "free_text"}


@dataclass(frozen=True)
class View:
    """What a permitted request sees."""

    agreement: str
    elements: Mapping[str, Any]
    withheld: tuple[str, ...]
    rows: tuple[Any, ...]
    excluded_opt_outs: tuple[str, ...]
    excluded_subjects: Mapping[str, Any]
    consents: Mapping[str, str]
    rows_left: int | None


def decide(facts: Facts, catalog: Facts) -> View | None:
    """What is seen; None where nothing is."""
    request, principal = facts["request"], facts["principal"]
    resource = catalog["resources"].get(request["resource"])
    if resource is None or request["purpose"] not in principal["purposes"]:
        return None
    if any(entry["recipient"] != principal["institution"] for entry in facts["agreements"]):
        return None
    good = [entry for entry in facts["agreements"] if _covers(entry, request) and _in_force(entry, facts["today"])]
    if len(good) != 1:
        return None
    [entry] = good
    if not _everything_holds(entry, request, resource, facts["modules"]):
        return None
    elements = {
        path: grant for path, grant in entry["elements"].items() if grant["treatment"] not in ("withhold", "aggregate_only")
    }
    limit = entry["limits"]["rows_per_day"]
    persons = entry["persons"]
    return View(
        agreement=entry["id"],
        elements=elements,
        withheld=tuple(sorted(resource["elements"].keys() - elements.keys())),
        rows=tuple(entry["rows"]),
        excluded_opt_outs=tuple(sorted(role for role, basis in persons.items() if basis["basis"] == "a11_directory")),
        excluded_subjects={
            role: ["k12_student"] for role, person in resource["persons"].items() if "k12_student" in person["subject_types"]
        },
        consents={role: basis["details"]["form"]["id"] for role, basis in persons.items() if basis["basis"] == "consent"},
        rows_left=None if limit is None else limit - entry["usage"]["rows_today"],
    )


def _covers(entry: Facts, request: Facts) -> bool:
    return (
        request["purpose"] in entry["purposes"]
        and request["provider"] in (None, entry["provider"])
        and request["agreement"] in (None, entry["id"])
    )


def _in_force(entry: Facts, today: Facts) -> bool:
    day: str = today[entry["timezone"]]
    return entry["state"] == "in_force" and bool(entry["term"]["from"] <= day <= entry["term"]["until"])


def _everything_holds(entry: Facts, request: Facts, resource: Facts, modules: list[str]) -> bool:
    elements = entry["elements"]
    shown = {path: grant for path, grant in elements.items() if grant["treatment"] not in ("withhold", "aggregate_only")}
    return (
        bool(shown)
        and all(_may_be_named(path, grant, resource) for path, grant in elements.items())
        and all(
            _fits(grant, resource["elements"][path], entry) for path, grant in elements.items() if grant["treatment"] != "withhold"
        )
        and all(_above_the_floor(resource["elements"][path], request["purpose"], entry) for path in shown)
        and _bases_hold(entry, request, resource, modules)
        and all(_stands_on_its_basis(path, grant, entry, resource) for path, grant in shown.items())
        and _rows_hold(entry, resource, request["purpose"])
        and _request_fits(entry, request, resource)
        and _within_limits(entry)
    )


def _may_be_named(path: str, grant: Facts, resource: Facts) -> bool:
    if grant["treatment"] == "withhold":
        return True
    return path in resource["elements"] and resource["elements"][path]["class"] != "prohibited"


def _fits(grant: Facts, element: Facts, entry: Facts) -> bool:
    """The table of treatments: what each is for."""
    kind, by = element["type"], grant.get("by")
    match grant["treatment"]:
        case "share" | "aggregate_only":
            return True
        case "pseudonymise":
            return bool(element["pseudonymisable"])
        case "mask":
            return kind == "string"
        case "generalise" if element["class"] in SEALED:
            return False
    match grant["to"]:
        case "year" | "month":
            return kind in {"date"}
        case "age_band":
            return kind == "date" and by >= 1
        case "zip3":
            return kind == "string"
        case "band" | "round":
            return kind in NUMBERS and by > 0
        case "top_code" | "bottom_code":
            return kind in NUMBERS
        case "roll_up":
            return kind in TEXTS and by in entry["code_lists"]
        case "grade_band":
            return kind == "descriptor"
    return False


def _above_the_floor(element: Facts, purpose: str, entry: Facts) -> bool:
    """Never shared: record by record, for placing and hiring, and of an employee's evaluation."""
    match element["floor"]:
        case "record_level":
            return False
        case "hiring":
            return purpose not in PLACING_AND_HIRING
        case "evaluation":
            return bool(entry["persons"][element["person"]]["basis"] != "none_not_education_record")
        case _:
            return True


def _bases_hold(entry: Facts, request: Facts, resource: Facts, modules: list[str]) -> bool:
    if entry["persons"].keys() != resource["persons"].keys():
        return False
    named = [(entry["legal_basis"], None), *((entry["persons"][role], role) for role in resource["persons"])]
    for basis, role in named:
        if basis["basis"] not in BASES or not basis["citation"].strip():
            return False
        if role is None and resource["persons"]:
            continue
        types = set(resource["persons"][role]["subject_types"]) if role else set()
        if not _basis_fits(basis, types, request["purpose"], entry, modules):
            return False
    return True


def _basis_fits(basis: Facts, types: set[str], purpose: str, entry: Facts, modules: list[str]) -> bool:
    name = basis["basis"]
    if purpose not in ONLY_FOR.get(name, {purpose}):
        return False
    if types == {"k12_student"}:
        return False
    if name == "none_not_education_record":
        return not types & STUDENTS and basis["details"].get("module") in modules
    if name == "a11_directory":
        return types <= STUDENTS
    if name == "consent":
        return bool(basis["details"].get("form", {}).get("id"))
    if name in DEIDENTIFIED:
        return entry["release"] is not None
    return True


def _stands_on_its_basis(path: str, grant: Facts, entry: Facts, resource: Facts) -> bool:
    """What a basis lets out of the elements about its person."""
    element = resource["elements"][path]
    if element["person"] is None:
        return True
    basis = entry["persons"][element["person"]]
    match basis["basis"]:
        case "a11_directory":
            return bool(element["directory"])
        case name if name in DEIDENTIFIED:
            listed = basis["details"]["quasi_identifiers"]
            if element["class"] == "direct_identifier":
                return False
            return element["class"] != "quasi_identifier" or (grant["treatment"] == "generalise" and path in listed)
        case _:
            return True


def _rows_hold(entry: Facts, resource: Facts, purpose: str) -> bool:
    if entry["rows"] is None:
        return False
    for row in entry["rows"]:
        element = resource["elements"].get(row["element"])
        if element is None or element["class"] in SEALED | {"prohibited"} or row["element"] not in entry["discloses"]:
            return False
        if not _above_the_floor(element, purpose, entry):
            return False
        if (
            element["person"] is not None
            and entry["persons"][element["person"]]["basis"] == "a11_directory"
            and not element["directory"]
        ):
            return False
    return True


def _request_fits(entry: Facts, request: Facts, resource: Facts) -> bool:
    bases = {basis["basis"] for basis in entry["persons"].values()}
    if request["format"] not in entry["formats"] or (request["operation"] == "feed" and not entry["change_feed"]):
        return False
    if request["filters"] and bases & DEIDENTIFIED:
        return False
    if "a11_directory" in bases:
        return all(
            resource["elements"].get(path, {}).get("directory") or resource["elements"].get(path, {}).get("person") is None
            for path in request["filters"]
        )
    return True


def _within_limits(entry: Facts) -> bool:
    limits, usage = entry["limits"], entry.get("usage")
    if limits["rows_per_day"] is None and limits["requests_per_minute"] is None:
        return True
    if usage is None:
        return False
    day, minute = limits["rows_per_day"], limits["requests_per_minute"]
    return (day is None or usage["rows_today"] < day) and (minute is None or usage["requests_this_minute"] < minute)
