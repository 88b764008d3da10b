"""The rules that a permit names: every rule of the request that had something to judge, and what was done to the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.oracle.grants import PLACING_AND_HIRING
from tests.oracle.grounds import DEIDENTIFIED, DIRECTORY, PERSONNEL, needs_notice
from tests.oracle.reading import Facts, Judged

ALWAYS = (
    "F-3-SUBJ F-31-0 F-31-C GW-AGR-01 GW-AGR-02 GW-AGR-03 GW-AGR-04 GW-AGR-06 GW-BAS-01 GW-ELM-01 GW-ELM-02 GW-ELM-03 GW-ELM-04 "
    "GW-ELM-05 GW-FLR-01 GW-FLR-04 GW-FLR-05 GW-FLR-06 GW-FMT-01 GW-PUR-01 GW-REQ-01 GW-ROW-03 GW-SUB-01"
).split()
OF_BASIS: Mapping[str, tuple[str, ...]] = {
    "consent": ("F-30-1",),
    "a1_school_official": ("F-31-A1ii", "GW-FIT-02"),
    "a2_enrollment": ("F-31-A2",),
    "a3_audit_eval": ("F-35-3", "F-EXP"),
    "a6_study": ("F-31-A6-2", "F-EXP"),
    "a7_accreditation": ("GW-FIT-01",),
    DIRECTORY: ("F-3-DIR", "F-37-A", "F-37-B", "F-37-D", "F-37-E", "GW-DIR-01"),
    **dict.fromkeys(
        DEIDENTIFIED,
        ("F-3-PIIg", "F-31-B1", "GW-DEI-01", "GW-DEI-02", "GW-DEI-03", "GW-DEI-04", "GW-DEI-05", "GW-DEI-06"),
    ),
}
OF_MODULE: Mapping[str, tuple[str, ...]] = {"personnel-default": ("GW-PER-01", "GW-PER-02", "GW-PER-03")}


def satisfied(judged: Judged, request: Facts) -> set[str]:
    """The ids of the rules that a permitted request satisfies."""
    return {*ALWAYS, *_by_basis(judged), *_by_request(judged, request)}


def _by_basis(judged: Judged) -> Iterator[str]:
    for basis in judged.bases:
        yield from OF_BASIS.get(basis.name, ())
        if basis.name == "b2_coded_research":
            yield from ("F-31-B2ii", "F-31-B2iii")
        if basis.name == PERSONNEL and basis.roles:
            yield from ("GW-STA-01", "GW-FLR-03", *OF_MODULE[basis.details["module"]])
    if needs_notice(judged):
        yield "F-33-D"


def _by_request(judged: Judged, request: Facts) -> Iterator[str]:
    if request["provider"] is not None or request["agreement"] is not None:
        yield "GW-AGR-05"
    if judged.entry["rows"]:
        yield "GW-ROW-01"
    if request["purpose"] in PLACING_AND_HIRING:
        yield "GW-FLR-02"
    if request["purpose"] == "placement":
        yield "GW-FIT-03"
    if request["operation"] == "feed":
        yield "GW-FEED-01"
    limits = judged.entry["limits"]
    if limits["rows_per_day"] is not None:
        yield "GW-LIM-01"
    if limits["requests_per_minute"] is not None:
        yield "GW-LIM-02"
