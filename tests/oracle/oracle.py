"""The decision on one request as a reader of the documents would make it by hand.

Written from `policies/README.md`, `policies/agreements/README.md`, `policies/INPUT.md` and the law, not from the Rego, so that the
two can be held against each other: the whole permit, or the ids of all rules that refuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.oracle.grants import faults_of_elements, faults_of_floor, faults_of_rows, shares_nothing
from tests.oracle.grounds import DEIDENTIFIED, DIRECTORY, faults_of_grounds, faults_of_the_day, needs_notice, served
from tests.oracle.reading import NOTHING, UNSHOWN, Facts, Judged, is_day, is_number, mapping, read, worded
from tests.oracle.satisfied import satisfied

MODULES = ("personnel-default",)
"""The state-law modules that ship."""


def decide(facts: Facts, catalog: Facts) -> dict[str, Any]:
    """The answer of `disclosure/decision`; a denial has the sorted ids of its rules as `rules` in place of its reasons."""
    if not _is_complete(facts, catalog):
        return _denied({"GW-REQ-01"})
    request, principal = facts["request"], facts["principal"]
    if request["purpose"] not in principal["purposes"]:
        return _denied({"GW-PUR-01"})
    own = [entry for entry in facts["agreements"] if entry.get("recipient") == principal["institution"]]
    covering = [entry for entry in own if _covers(entry, request)]
    live = [entry for entry in covering if _in_force(entry) and _in_term(entry, facts["today"])]
    refused = set(_refusals_to_choose(facts["agreements"], own, covering, live, facts["today"]))
    choices = sorted({entry["id"] for entry in live}) if len(live) > 1 else []
    judged = _stands_on(facts, covering, live, catalog)
    if judged is not None:
        refused |= set(_faults(judged, request, catalog))
    if refused or judged is None:
        return _denied(refused, choices)
    return _permit(judged, request, judged.entry)


def _denied(rules: set[str], choices: Sequence[str] = ()) -> dict[str, Any]:
    return {"decision": "deny", "rules": sorted(rules), "choices": list(choices)}


def _is_complete(facts: Facts, catalog: Facts) -> bool:
    principal, request = mapping(facts.get("principal")), mapping(facts.get("request"))
    agreements, modules = facts.get("agreements"), facts.get("modules")
    return (
        worded(principal.get("client"))
        and worded(principal.get("institution"))
        and isinstance(principal.get("purposes"), list)
        and isinstance(request.get("resource"), str)
        and request["resource"] in catalog["resources"]
        and worded(request.get("purpose"))
        and all(name in request and (request[name] is None or worded(request[name])) for name in ("provider", "agreement"))
        and request.get("operation") in ("read", "feed")
        and worded(request.get("format"))
        and isinstance(request.get("filters"), list)
        and all(worded(path) for path in request["filters"])
        and isinstance(facts.get("today"), Mapping)
        and isinstance(modules, list)
        and all(module in MODULES for module in modules)
        and isinstance(agreements, list)
        and all(_is_identified(mapping(entry)) for entry in agreements)
    )


def _is_identified(entry: Facts) -> bool:
    return is_number(entry.get("version")) and all(worded(entry.get(name)) for name in ("id", "digest", "schedule", "provider"))


def _covers(entry: Facts, request: Facts) -> bool:
    purposes = entry.get("purposes")
    return (
        entry.get("resource") == request["resource"]
        and isinstance(purposes, list)
        and request["purpose"] in purposes
        and request["provider"] in (None, entry["provider"])
        and request["agreement"] in (None, entry["id"])
    )


def _in_force(entry: Facts) -> bool:
    return entry.get("state") == "in_force"


def _today(entry: Facts, today: Facts) -> str | None:
    zone = entry.get("timezone")
    day = today.get(zone) if isinstance(zone, str) else None
    return day if is_day(day) else None


def _in_term(entry: Facts, today: Facts) -> bool:
    day, term = _today(entry, today), mapping(entry.get("term"))
    if day is None or not is_day(term.get("from")) or not is_day(term.get("until")):
        return False
    return bool(term["from"] <= day <= term["until"])


def _refusals_to_choose(
    every: Sequence[Facts], own: Sequence[Facts], covering: Sequence[Facts], live: Sequence[Facts], today: Facts
) -> Iterator[str]:
    if len(own) < len(every):
        yield "GW-AGR-06"
    if not covering:
        yield "GW-AGR-01"
    if len(live) > 1:
        yield "GW-AGR-04"
    if not live and not all(_in_force(entry) for entry in covering):
        yield "GW-AGR-02"
    if not live and not all(_in_term(entry, today) for entry in covering):
        yield "GW-AGR-03"


def _stands_on(facts: Facts, covering: Sequence[Facts], live: Sequence[Facts], catalog: Facts) -> Judged | None:
    """The agreement that the request stands on, or the only one that might have been it."""
    possible = live or covering
    if len(possible) != 1:
        return None
    [entry] = possible
    request = facts["request"]
    return read(entry, request["resource"], catalog, [request["purpose"]], _today(entry, facts["today"]), facts["modules"])


def _faults(judged: Judged, request: Facts, catalog: Facts) -> Iterator[str]:
    yield from faults_of_elements(judged)
    yield from faults_of_floor(judged)
    yield from faults_of_rows(judged, catalog)
    yield from faults_of_grounds(judged)
    yield from faults_of_the_day(judged)
    if shares_nothing(judged):
        yield "GW-ELM-03"
    yield from _faults_of_asking(judged, request)
    yield from _used_up(judged.entry)


def _faults_of_asking(judged: Judged, request: Facts) -> Iterator[str]:
    formats = judged.entry.get("formats")
    if not isinstance(formats, list) or request["format"] not in formats:
        yield "GW-FMT-01"
    if request["operation"] == "feed" and judged.entry.get("change_feed") is not True:
        yield "GW-FEED-01"
    if request["filters"] and any(judged.on(*DEIDENTIFIED)):
        yield "F-3-PIIg"
    if any(judged.on(DIRECTORY)) and not all(_may_look_up(path, judged) for path in request["filters"]):
        yield "F-37-E"


def _may_look_up(path: str, judged: Judged) -> bool:
    element = mapping(judged.resource.get("elements")).get(path)
    if element is None or element["person"] not in (None, *judged.resource["persons"]):
        return False
    if element["person"] is None:
        return True
    basis = mapping(judged.persons.get(element["person"])).get("basis")
    return element["directory"] is True or basis != DIRECTORY


def _used_up(entry: Facts) -> Iterator[str]:
    limits, usage = mapping(entry.get("limits")), mapping(entry.get("usage"))
    for limit, used, rule in (
        ("rows_per_day", "rows_today", "GW-LIM-01"),
        ("requests_per_minute", "requests_this_minute", "GW-LIM-02"),
    ):
        if limits.get(limit, NOTHING) is None:
            continue
        if not is_number(limits.get(limit)) or not is_number(usage.get(used)) or usage[used] >= limits[limit]:
            yield rule


def _permit(judged: Judged, request: Facts, entry: Facts) -> dict[str, Any]:
    elements = {path: grant for path, grant in judged.elements.items() if grant not in UNSHOWN}
    absent = {
        role: sorted(set(person["subject_types"]) - served(judged, role)) for role, person in judged.resource["persons"].items()
    }
    return {
        "decision": "permit",
        "agreement": {name: entry[name] for name in ("id", "version", "digest")},
        "schedule": entry["schedule"],
        "provider": entry["provider"],
        "recipient": entry["recipient"],
        "resource": request["resource"],
        "purpose": request["purpose"],
        "elements": elements,
        "withheld": sorted(judged.resource["elements"].keys() - elements.keys()),
        "rows": entry["rows"],
        "bases": entry["persons"],
        "excluded_opt_outs": sorted(role for basis in judged.on(DIRECTORY) for role in basis.roles),
        "excluded_subjects": {role: types for role, types in absent.items() if types},
        "consents": {role: basis.details["form"]["id"] for basis in judged.on("consent") for role in basis.roles},
        "redisclosure_notice": needs_notice(judged),
        "code_lists": entry["code_lists"],
        "release": _release(judged),
        "rows_left": _rows_left(entry),
        "rules": sorted(satisfied(judged, request)),
    }


def _release(judged: Judged) -> dict[str, Any] | None:
    listed = [basis.details["quasi_identifiers"] for basis in judged.on(*DEIDENTIFIED)]
    if not listed:
        return None
    release = judged.entry["release"]
    return {
        "version": release["version"],
        "smallest_class": release["smallest_class"],
        "quasi_identifiers": sorted({path for paths in listed for path in paths}),
    }


def _rows_left(entry: Facts) -> int | None:
    limit: int | None = entry["limits"]["rows_per_day"]
    return None if limit is None else limit - entry["usage"]["rows_today"]
