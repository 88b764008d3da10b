"""What the law asks of each ground (`policies/README.md`, `policies/agreements/README.md`, 34 CFR part 99), at a request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.oracle.reading import Basis, Judged, Shown, is_day, is_number, is_whole, mapping, worded

STUDENTS = {"candidate", "alumnus"}
DEIDENTIFIED = ("b1_deidentified", "b2_coded_research")
PERSONNEL = "none_not_education_record"
DIRECTORY = "a11_directory"
BASES = {
    "consent",
    "a1_school_official",
    "a2_enrollment",
    "a3_audit_eval",
    "a6_study",
    "a7_accreditation",
    "a9_order_or_subpoena",
    "a10_emergency",
    DIRECTORY,
    "a12_self",
    *DEIDENTIFIED,
    PERSONNEL,
}
EMPLOYEES_TOO = {"consent", "a9_order_or_subpoena", *DEIDENTIFIED}
SMALLEST_CLASS = 10
PLACES_NOBODY = ("a9_order_or_subpoena", "a10_emergency", "a12_self")
ONLY_PURPOSES: Mapping[str, tuple[str, set[str]]] = {
    "a2_enrollment": ("F-31-A2", {"transfer"}),
    "a3_audit_eval": ("F-35-3", {"audit", "evaluation"}),
    "a6_study": ("F-31-A6-2", {"research"}),
    "a7_accreditation": ("GW-FIT-01", {"accreditation"}),
    "b2_coded_research": ("F-31-B2ii", {"research"}),
}


def faults_of_grounds(judged: Judged) -> Iterator[str]:
    """The rules that the legal bases break, whatever the day."""
    for judge in (_stated, _fitting, _purposes, _consent, _directory, _deidentified, _notice, _personnel):
        yield from judge(judged)


def _stated(judged: Judged) -> Iterator[str]:
    wanted = [judged.entry.get("legal_basis"), *(judged.persons.get(role) for role in mapping(judged.resource.get("persons")))]
    for said in wanted:
        if mapping(said).get("basis") not in BASES:
            yield "F-31-0"
        if not worded(mapping(said).get("citation")):
            yield "GW-BAS-01"


def served(judged: Judged, role: str) -> set[str]:
    """The subject types of a person whose rows are served."""
    types = set(judged.resource["persons"][role]["subject_types"])
    basis = mapping(judged.persons.get(role)).get("basis")
    fits = {subject for subject in types if suits(basis, subject)}
    has_ratings = any(
        element.get("floor") == "evaluation" and element.get("person") == role for element in judged.resource["elements"].values()
    )
    rated = has_ratings or any(shown.role == role and shown.element.get("floor") == "evaluation" for shown in judged.shown)
    return fits - {"employee"} if rated and basis != PERSONNEL else fits


def suits(basis: Any, subject: str) -> bool:
    if basis not in BASES or subject == "k12_student":
        return False
    if subject in STUDENTS:
        return bool(basis != PERSONNEL)
    if subject in {"employee", "applicant"}:
        return basis == PERSONNEL or basis in EMPLOYEES_TOO
    return bool(basis != DIRECTORY)


def _fitting(judged: Judged) -> Iterator[str]:
    persons = judged.entry.get("persons")
    roles = mapping(judged.resource.get("persons"))
    if not isinstance(persons, Mapping) or not all(role in roles and served(judged, role) for role in persons):
        yield "F-3-SUBJ"


def _purposes(judged: Judged) -> Iterator[str]:
    asked = set(judged.purposes)
    for basis in judged.bases:
        rule, allowed = ONLY_PURPOSES.get(str(basis.name), ("", asked))
        if rule and (not asked or not asked <= allowed):
            yield rule
        if "placement" in asked and basis.name in PLACES_NOBODY:
            yield "GW-FIT-03"
        if asked & {"hiring", "early_hire"} and basis.name == "a1_school_official":
            yield "GW-FIT-02"
        yield from (rule for rule, told in MUST_SAY.get(str(basis.name), ()) if not told(basis.details))


MUST_SAY: Mapping[str, tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...]] = {
    "a2_enrollment": (("F-31-A2", lambda said: said.get("notice") in ("annual", "given", "initiated_by_student")),),
    "a3_audit_eval": (("F-35-3", lambda said: worded(said.get("program"))),),
    "a7_accreditation": (("GW-FIT-01", lambda said: worded(said.get("organisation"))),),
    "b2_coded_research": (
        ("F-31-B2ii", lambda said: worded(said.get("project"))),
        ("F-31-B2iii", lambda said: said.get("code_source") == "random"),
    ),
}


def _consent(judged: Judged) -> Iterator[str]:
    for basis in judged.on("consent"):
        form = mapping(basis.details.get("form"))
        records = mapping(form.get("records"))
        learnt = [shown for shown in judged.shown if shown.role in basis.roles]
        if not worded(form.get("id")) or not all(shown.path in _items(records.get(shown.resource)) for shown in learnt):
            yield "F-30-1"


def _directory(judged: Judged) -> Iterator[str]:
    for basis in judged.on(DIRECTORY):
        notice = mapping(basis.details.get("notice"))
        for shown in judged.shown:
            if shown.role not in basis.roles:
                continue
            if shown.element.get("directory") is not True:
                yield "F-3-DIR"
            elif shown.path.rpartition(".")[2] not in _items(notice.get("designated")):
                yield "GW-DIR-01"
        published, until = notice.get("published"), notice.get("opt_out_until")
        if not (is_day(published) and is_day(until) and published <= until and _items(notice.get("designated"))):
            yield "F-37-A"
        parties = notice.get("parties", [judged.entry.get("recipient")])
        purposes = notice.get("purposes", list(judged.purposes))
        if (
            not isinstance(basis.details.get("notice"), Mapping)
            or "recipient" not in judged.entry
            or judged.entry.get("recipient") not in _items(parties)
            or not judged.purposes
            or not set(judged.purposes) <= set(_items(purposes))
        ):
            yield "F-37-D"


def _deidentified(judged: Judged) -> Iterator[str]:
    bases = [basis for basis in judged.bases if basis.name in DEIDENTIFIED]
    if not bases:
        return
    if any(mapping(judged.persons.get(role)).get("basis") not in DEIDENTIFIED for role in judged.resource["persons"]):
        yield "GW-DEI-05"
    if judged.entry.get("change_feed") is not False:
        yield "GW-DEI-06"
    for basis in bases:
        listed = basis.details.get("quasi_identifiers")
        mine = [shown for shown in judged.shown if shown.role in basis.roles]
        for shown in mine:
            if shown.element.get("class") not in {"quasi_identifier", "sensitive", "operational"}:
                yield "GW-DEI-01"
            if shown.element.get("class") == "quasi_identifier" and mapping(shown.grant).get("treatment") != "generalise":
                yield "GW-DEI-02"
        if not isinstance(listed, list) or not _lists_what_is_released(listed, mine, judged):
            yield "GW-DEI-03"
        if not is_whole(basis.details.get("smallest_class"), SMALLEST_CLASS):
            yield "GW-DEI-04"


def _lists_what_is_released(listed: list[Any], mine: list[Shown], judged: Judged) -> bool:
    released = {shown.path for shown in judged.shown if shown.grant is not None}
    quasi = {shown.path for shown in mine if shown.grant is not None and shown.element.get("class") == "quasi_identifier"}
    return quasi <= set(listed) <= released


def needs_notice(judged: Judged) -> bool:
    """Whether somebody can be told by these records under FERPA, so that a redisclosure notice goes with them."""
    roles = mapping(judged.resource.get("persons"))
    return any(mapping(judged.persons.get(role)).get("basis") not in (*DEIDENTIFIED, PERSONNEL) for role in roles)


def _notice(judged: Judged) -> Iterator[str]:
    if needs_notice(judged) and not worded(mapping(judged.entry.get("redisclosure")).get("notice")):
        yield "F-33-D"


def _personnel(judged: Judged) -> Iterator[str]:
    for basis in judged.on(PERSONNEL):
        if not basis.roles:
            continue
        module = basis.details.get("module")
        if module not in judged.modules:
            yield "GW-STA-01"
        mine = [shown for shown in judged.shown if shown.role in basis.roles]
        if any(shown.element.get("floor") == "evaluation" for shown in mine):
            yield "GW-FLR-03"  # no module that ships allows a rating
        if module == "personnel-default" and module in judged.modules:
            yield from _personnel_default(basis, mine)


def _personnel_default(basis: Basis, mine: list[Shown]) -> Iterator[str]:
    """The strictest reading, where no state's own module is at hand."""
    cited = basis.said.get("citation")
    own = [part for part in cited.split(";") if part.strip() and not part.strip().startswith("34 CFR")] if worded(cited) else []
    if not own:
        yield "GW-PER-01"
    for shown in mine:
        if shown.element.get("pii") in {"address", "indirect_id", "parent_name"}:
            yield "GW-PER-02"
        if shown.element.get("class") in {"sensitive", "free_text"}:
            yield "GW-PER-03"


def faults_of_the_day(judged: Judged) -> Iterator[str]:
    """What only a request can break: what depends on the day and on the purpose that is asked for."""
    [purpose] = judged.purposes
    today = judged.day
    if any(judged.on("a1_school_official")) and not worded(mapping(judged.entry.get("interests")).get(purpose)):
        yield "F-31-A1ii"
    for basis in judged.on("a3_audit_eval", "a6_study"):
        if not is_whole(mapping(basis.details.get("destruction")).get("days_after_end"), 0):
            yield "F-EXP"
    for basis in judged.on("a6_study"):
        study = mapping(basis.details.get("study"))
        if not _within(study.get("from"), today, study.get("until")):
            yield "F-EXP"
    for basis in judged.on(DIRECTORY):
        until = mapping(basis.details.get("notice")).get("opt_out_until")
        if today is None or not is_day(until) or today <= until:
            yield "F-37-A"
    for basis in judged.on(*DEIDENTIFIED):
        if not _determined(mapping(judged.entry.get("release")), basis.details.get("smallest_class"), today):
            yield "F-31-B1"


def _determined(release: Mapping[str, Any], least: Any, today: str | None) -> bool:
    made_on, size = release.get("made_on"), release.get("smallest_class")
    return (
        worded(release.get("official"))
        and is_whole(release.get("version"), 1)
        and _within("0001-01-01", made_on, today)
        and is_number(size)
        and is_number(least)
        and size >= least
    )


def _within(first: Any, day: Any, last: Any) -> bool:
    return is_day(first) and is_day(day) and is_day(last) and first <= day <= last


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
