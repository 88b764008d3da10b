"""What is wrong with an agreement file, as a reader of the documents would say it: the ids of the rules that refuse it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.domain.agreement import FORMATS, PURPOSES
from tests.oracle.grants import faults_of_elements, faults_of_floor, may_choose
from tests.oracle.grounds import PERSONNEL, faults_of_grounds
from tests.oracle.oracle import MODULES
from tests.oracle.reading import WITHHELD, Basis, Facts, Judged, is_day, is_whole, mapping, read, worded

KINDS_OF_PII = {"direct_id", "parent_name", "address", "personal_identifier", "indirect_id", "linkable", "non_pii"}
STUDIES = ("predictive_tests", "student_aid", "improve_instruction")
BOUND = ("consent", "a1_school_official", "a2_enrollment", "a3_audit_eval", "a6_study")
PARAGRAPH = 60
LIMITS = {"requests_per_minute": 6_000, "rows_per_day": 100_000_000}


def check(facts: Facts, catalog: Facts) -> set[str]:
    """The rules that refuse the entries of a file; `GW-CHK-01`, whatever else, where they cannot be judged."""
    entries, modules = facts.get("entries"), facts.get("modules")
    if "request" in facts or not is_day(facts.get("day")) or not isinstance(entries, list) or not isinstance(modules, list):
        return {"GW-CHK-01"}
    if not all(module in MODULES for module in modules) or not all(
        mapping(entry).get("resource") in catalog["resources"] and "purposes" in entry for entry in entries
    ):
        return {"GW-CHK-01"}
    found: set[str] = set()
    for entry in entries:
        said = entry.get("purposes")
        judged = read(entry, entry["resource"], catalog, said if isinstance(said, list) else [], facts["day"], modules)
        for judge in (faults_of_elements, faults_of_floor, faults_of_grounds, _terms, _papers, _records_about_nobody):
            found.update(judge(judged))
        found.update(_rows(judged, catalog))
        found.update(_rosters(judged, entries, catalog))
    return found


def _terms(judged: Judged) -> Iterator[str]:
    """What every agreement says."""
    entry = judged.entry
    term, destruction, purposes, formats = (entry.get(name) for name in ("term", "destruction", "purposes", "formats"))
    first, last = mapping(term).get("from"), mapping(term).get("until")
    if not (is_day(first) and is_day(last) and first <= last):
        yield "GW-TRM-01"
    told = mapping(destruction)
    if not (is_whole(told.get("days_after_end"), 0) and worded(told.get("method")) and isinstance(told.get("certification"), bool)):
        yield "GW-DES-01"
    if not is_whole(entry.get("minimum_cell_size"), 5):
        yield "GW-CEL-01"
    interests = mapping(entry.get("interests"))
    if not _lists(purposes) or not all(purpose in PURPOSES and worded(interests.get(purpose)) for purpose in judged.purposes):
        yield "GW-PUR-02"
    if not _lists(formats) or not all(one in FORMATS for one in entry["formats"]):
        yield "GW-FMT-02"
    limits = mapping(entry.get("limits"))
    if not all(name in limits and (limits[name] is None or is_whole(limits[name], 1, most)) for name, most in LIMITS.items()):
        yield "GW-LIM-03"
    redisclosure = mapping(entry.get("redisclosure"))
    if any(judged.on(*BOUND)) and not isinstance(redisclosure.get("allowed"), bool):
        yield "F-33-A"
    if redisclosure.get("allowed") is True and not _names_parties(redisclosure.get("additional_parties")):
        yield "F-32-B1"
    if any(shown.element.get("pii") not in KINDS_OF_PII for shown in judged.shown):
        yield "F-3-PII"


def _lists(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _names_parties(parties: Any) -> bool:
    return _lists(parties) and all(
        worded(mapping(party).get("name")) and worded(mapping(party).get("legitimate_interest")) for party in parties
    )


def _lists_words(value: Any) -> bool:
    return _lists(value) and all(worded(one) for one in value)


def _papers(judged: Judged) -> Iterator[str]:
    """What each basis says."""
    for basis in judged.bases:
        yield from (rule for rule, holds in _must_say(basis, judged) if not holds)


def _must_say(basis: Basis, judged: Judged) -> Iterator[tuple[str, bool]]:
    said = basis.details
    specific = any(grant != WITHHELD for grant in judged.elements.values())
    destroyed = is_whole(mapping(said.get("destruction")).get("days_after_end"), 0)
    match basis.name:
        case "consent":
            digest = mapping(said.get("form")).get("text_sha256")
            yield "F-30-2", isinstance(digest, str) and len(digest) == 64 and set(digest.lower()) <= set("0123456789abcdef")
        case "a1_school_official":
            words = ("institutional_function", "direct_control", "legitimate_interest")
            yield "F-31-A1", all(worded(said.get(name)) for name in words) and _lists_words(said.get("roles"))
        case "a3_audit_eval":
            yield "F-31-A3", worded(said.get("authority")) and _has_authority(mapping(judged.entry.get("kinds")))
            recipient = mapping(judged.entry.get("names")).get("recipient")
            yield "F-35-1", recipient is not None and said.get("designated_representative") == recipient
            yield "F-35-2", specific
            activity = said.get("activity")
            yield "F-35-4", isinstance(activity, str) and len(activity.strip()) >= PARAGRAPH
            yield "F-35-5", destroyed
            yield "F-35-6", worded(said.get("safeguards"))
            yield "F-35-7", _verified(mapping(said.get("verification")), judged.day)
        case "a6_study":
            study = mapping(said.get("study"))
            yield "F-31-A6p", said.get("on_behalf_of") == judged.entry.get("provider") and study.get("purpose") in STUDIES
            first, last = study.get("from"), study.get("until")
            in_order = is_day(first) and is_day(last) and first <= last
            yield "F-31-A6-1", worded(study.get("scope")) and in_order and specific
            yield "F-31-A6-3", said.get("no_identification") is True and _lists_words(said.get("representatives"))
            yield "F-31-A6-4", destroyed
        case "a9_order_or_subpoena":
            order = mapping(said.get("order"))
            yield "GW-BAS-02", worded(order.get("court")) and worded(order.get("number")) and is_day(order.get("dated"))
        case "a10_emergency":
            yield "F-32-5", worded(said.get("threat"))


def _has_authority(kinds: Mapping[str, Any]) -> bool:
    sides = [kinds.get(side) for side in ("provider", "recipient")]
    return any(kind in ("district", "state_agency") for side in sides if isinstance(side, list) for kind in side)


def _verified(verification: Mapping[str, Any], day: str | None) -> bool:
    """Within the year that ends on the day: after the same day of the year before."""
    last = verification.get("last_on")
    if day is None or not is_day(last) or verification.get("audit_right") is not True:
        return False
    return f"{int(day[:4]) - 1}{day[4:]}" < last <= day


def _records_about_nobody(judged: Judged) -> Iterator[str]:
    if not judged.resource["persons"]:
        for basis in judged.on(PERSONNEL):
            if basis.details.get("module") not in judged.modules:
                yield "GW-STA-02"


def _rosters(judged: Judged, entries: Sequence[Any], catalog: Facts) -> Iterator[str]:
    """A roster names people to the provider: some schedule the other way must share that identifier, for the same purposes."""
    rows = judged.entry.get("rows")
    for row in rows if isinstance(rows, list) else ():
        related = mapping(row).get("related")
        where = [row] if related is None else mapping(row).get("where")
        described = mapping(catalog["resources"].get(judged.entry["resource"] if related is None else related)).get("elements")
        for condition in where if isinstance(where, list) else ():
            key_space = mapping(mapping(described).get(str(mapping(condition).get("roster")))).get("names")
            if isinstance(key_space, str) and not any(_lets_send(other, key_space, judged, catalog) for other in entries):
                yield "GW-ROW-04"


def _lets_send(other: Facts, key_space: str, judged: Judged, catalog: Facts) -> bool:
    described, purposes = catalog["resources"][other["resource"]]["elements"], other.get("purposes")
    return (
        (other.get("provider"), other.get("recipient")) == (judged.entry.get("recipient"), judged.entry.get("provider"))
        and isinstance(purposes, list)
        and isinstance(judged.entry.get("purposes"), list)
        and set(judged.entry["purposes"]) <= set(purposes)
        and any(
            grant == {"treatment": "share"} and mapping(described.get(path)).get("names") == key_space
            for path, grant in mapping(other.get("elements")).items()
        )
    )


def _rows(judged: Judged, catalog: Facts) -> Iterator[str]:
    """Conditions that may choose, that can be told for the day, and of which each element stands under `discloses`."""
    rows = judged.entry.get("rows")
    if not isinstance(rows, list):
        yield "GW-ROW-03"
        return
    if not all(may_choose(row, judged.resource, catalog, ahead=True) for row in rows):
        yield "GW-ROW-01"
    terms = judged.entry.get("academic_terms")
    left = [last for last in terms if last >= judged.day] if isinstance(terms, list) else []
    disclosed = judged.entry.get("discloses")
    for row in rows:
        related = mapping(row).get("related")
        where = mapping(row).get("where") if related is not None else [row]
        for condition in where if isinstance(where, list) else ():
            count = mapping(condition).get("count")
            if mapping(condition).get("within") == "terms" and not (isinstance(count, int | float) and count <= len(left)):
                yield "GW-ROW-03"
    own = judged.entry["resource"]
    for shown in judged.shown:
        name = shown.path if shown.resource == own else f"{shown.resource}.{shown.path}"
        if shown.grant is None and name not in (disclosed if isinstance(disclosed, list) else ()):
            yield "GW-ROW-02"
