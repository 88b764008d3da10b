"""What the language and the never-shared floor say of elements and rows (`policies/agreements/README.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.oracle.reading import WITHHELD, Judged, is_number, is_whole, mapping

CLASSES = {"operational", "direct_identifier", "quasi_identifier", "sensitive", "free_text", "prohibited"}
SEALED = {"direct_identifier", "free_text"}
PLACING_AND_HIRING = {"placement", "hiring", "early_hire"}
FLOORS = {None, "record_level", "hiring", "evaluation"}
NUMBERS = {"integer", "number"}
ABSENT = object()


def faults_of_elements(judged: Judged) -> Iterator[str]:
    """The rules that the granted elements break."""
    described = mapping(judged.resource.get("elements"))
    if not isinstance(judged.entry.get("elements"), Mapping):
        yield "GW-ELM-04"
    for path, grant in judged.elements.items():
        element = mapping(described.get(path))
        if not _fits(path, grant, element, judged):
            yield "GW-ELM-02"
        if grant == WITHHELD:
            continue
        person = element.get("person", ABSENT)
        if element.get("class") not in CLASSES or not (person is None or person in judged.resource["persons"]):
            yield "GW-ELM-01"
        shown = grant not in (WITHHELD, {"treatment": "aggregate_only"})
        if shown and element.get("class") == "free_text" and grant != {"treatment": "redact_text"}:
            yield "GW-ELM-05"
        if element.get("class") == "prohibited":
            yield "GW-FLR-06"


def shares_nothing(judged: Judged) -> bool:
    """Whether no element is released record by record."""
    return all(shown.grant is None for shown in judged.shown)


def faults_of_floor(judged: Judged) -> Iterator[str]:
    """What no agreement can share, in what a partner learns record by record."""
    for shown in judged.shown:
        floor = shown.element.get("floor", ABSENT)
        if floor is ABSENT or floor not in FLOORS:
            yield "GW-FLR-05"
        elif floor == "record_level":
            yield "GW-FLR-01"
        elif floor == "hiring" and PLACING_AND_HIRING & set(judged.purposes):
            yield "GW-FLR-02"
    for person in mapping(judged.resource.get("persons")).values():
        if set(person["subject_types"]) == {"k12_student"}:
            yield "GW-FLR-04"


def _fits(path: str, grant: Any, element: Mapping[str, Any], judged: Judged) -> bool:
    """The table of treatments: each is written in one way, and what it is for."""
    match grant:
        case {"treatment": "share" | "withhold" | "aggregate_only", **more}:
            return not more
        case {"treatment": "pseudonymise", **more}:
            return not more and element.get("pseudonymisable") is True
        case {"treatment": "return_own_id", **more}:
            rows = judged.entry.get("rows")
            return not more and isinstance(rows, list) and {"roster": path} in rows
        case {"treatment": "redact_text", **more}:
            return not more and element.get("class") == "free_text" and element.get("type") == "string"
        case {"treatment": "mask", "keep": "initial" | "last_four", **more}:
            return not more and element.get("type") == "string"
        case {"treatment": "generalise", "to": to, **more}:
            by = more.pop("by", ABSENT)
            return (
                not more
                and element.get("class") in CLASSES - SEALED - {"prohibited"}
                and _generalises(to, by, path, element, judged)
            )
    return False


def _generalises(to: Any, by: Any, path: str, element: Mapping[str, Any], judged: Judged) -> bool:
    kind, last = element.get("type"), path.rpartition(".")[2]
    match to:
        case "year" | "month":
            return by is ABSENT and kind == "date"
        case "age_band":
            return kind == "date" and last == "birthDate" and is_whole(by, 2)
        case "zip3":
            return by is ABSENT and kind == "string" and last == "postalCode"
        case "grade_band":
            return by is ABSENT and kind == "descriptor" and last == "gradeLevelDescriptor"
        case "band":
            return kind in NUMBERS and is_whole(by, 1)
        case "round":
            return kind in NUMBERS and is_number(by) and by > 0
        case "top_code" | "bottom_code":
            return kind in NUMBERS and is_number(by)
        case "roll_up":
            return (
                kind in {"string", "descriptor"}
                and isinstance(by, str)
                and isinstance(mapping(judged.entry.get("code_lists")).get(by), Mapping)
            )
    return False


def faults_of_rows(judged: Judged, catalog: Mapping[str, Any]) -> Iterator[str]:
    """The rules that the row conditions break."""
    rows = judged.entry.get("rows")
    if not isinstance(rows, list):
        yield "GW-ROW-03"
    elif not all(may_choose(row, judged.resource, catalog) for row in rows):
        yield "GW-ROW-01"


def may_choose(row: Any, resource: Mapping[str, Any], catalog: Mapping[str, Any], *, ahead: bool = False) -> bool:
    """Whether a condition may choose rows; `ahead`: one that looks ahead too, as files have them."""
    match row:
        case {"related": str(related), "about": str(about), "where": [_, *_] as where, **more}:
            other = mapping(catalog["resources"].get(related))
            here = set(mapping(mapping(resource.get("persons")).get(about)).get("subject_types", ()))
            there = {subject for person in mapping(other.get("persons")).values() for subject in person["subject_types"]}
            return not more and bool(here & there - {"nobody"}) and all(_chooses(one, other, ahead) for one in where)
        case _:
            return _chooses(row, resource, ahead)


def _chooses(condition: Any, resource: Mapping[str, Any], ahead: bool) -> bool:
    """A comparison, or the recipient's roster by an identifier that names a record."""
    match condition:
        case {"roster": str(path), **more}:
            return not more and isinstance(mapping(mapping(resource.get("elements")).get(path)).get("names"), str)
        case _:
            return _compares(condition, resource, ahead)


def _compares(condition: Any, resource: Mapping[str, Any], ahead: bool) -> bool:
    match condition:
        case {"element": str(path), "within": "days" | "terms", "count": count, **more} if ahead:
            element = mapping(mapping(resource.get("elements")).get(path))
            open_day = element.get("type") == "date" and element.get("class") in CLASSES - SEALED - {"prohibited"}
            return not more and open_day and is_whole(count, 1)
        case {"element": str(path), "comparison": str(comparison), "values": list(values), **more}:
            element = mapping(mapping(resource.get("elements")).get(path))
            return not more and element.get("class") in CLASSES - SEALED - {"prohibited"} and _takes(comparison, values)
    return False


def _takes(comparison: str, values: list[Any]) -> bool:
    match comparison, values:
        case "in", _:
            return True
        case "equals" | "at_least" | "at_most", [_]:
            return True
        case "present", [bool()]:
            return True
    return False
