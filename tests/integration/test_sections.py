"""Sections from a bundle, a OneRoster server and an Ed-Fi API, and what a partner sees of them: who teaches which section and which
sections candidates are placed in, by pseudonyms that meet, and no name of a teacher in a section's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from connectors import tokens
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.ingest import ResourceReport
from gateway.store.staging import Counts
from gateway.sync import SyncWishes, Told, sync_source
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.edfi_server import KEY, EdfiServer, edfi_server
from tests.oneroster_bundles import files, write
from tests.oneroster_server import SECRET, OneRosterServer, course, enrolment, oneroster_server, org, role, session, taught, user
from tests.world import EXAMPLE, World, open_world

SECTIONS, TEACHING = ResourceName("sections"), ResourceName("staffSectionAssociations")
PLACED = ResourceName("fieldworkExperienceSectionAssociations")
SHARED = """\
      sections:
        elements:
          sectionIdentifier: pseudonymise
          sectionName: redact_text
          courseOfferingReference.localCourseCode: share
          courseOfferingReference.schoolId: share
          courseOfferingReference.schoolYear: share
          courseOfferingReference.sessionName: share
          offeredGradeLevels.gradeLevelDescriptor: {generalise: grade_band}
      staffSectionAssociations:
        elements:
          staffReference.staffUniqueId: pseudonymise
          sectionReference.sectionIdentifier: pseudonymise
          classroomPositionDescriptor: share
          beginDate: {generalise: year}
          endDate: {generalise: year}
"""
OF_CANDIDATES = """\
      fieldworkExperienceSectionAssociations:
        elements:
          fieldworkExperienceReference.studentUniqueId: pseudonymise
          fieldworkExperienceReference.fieldworkIdentifier: pseudonymise
          sectionReference.localCourseCode: share
          sectionReference.sectionIdentifier: pseudonymise
"""
HEAD = "version: 1\nid: {id}\nprovider: {provider}\nmaintainer: {{kind: {kind}}}\n"
RESOURCES = f"resources: {{staffs: {{}}, {SECTIONS}: {{}}, {TEACHING}: {{}}}}\n"
SURNAMES = ("Okonkwo", "Ruiz", "Nakamura", "Petrov", "Lindqvist")
TEACHERS = len(SURNAMES)
Opened = tuple[str, Callable[[], None]]
"""What a source file says of its kind, and what has the first teacher leave the first class and another class begin."""


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("T", SECRET)
    tokens._KEPT.clear()
    with new_database(request.param, request, tmp_path) as url, open_world(tmp_path / "home", url) as opened:
        text = EXAMPLE.read_text(encoding="utf-8")
        for before, more in (("staffEducationOrganizationEmploymentAssociations", SHARED), ("fieldworkExperiences", OF_CANDIDATES)):
            assert text.count(f"      {before}:\n") == 1
            text = text.replace(f"      {before}:\n", f"{more}      {before}:\n")
        file = tmp_path / "amended.yaml"
        file.write_text(text, encoding="utf-8")
        opened.agree(file)
        opened.client("lakeside-sis", "lakeside", ("pipeline",))
        opened.client("riverton-sis", "riverton", ("placement",))
        yield opened
    tokens._KEPT.clear()


@contextmanager
def over_http(folder: Path) -> Iterator[Opened]:
    numbers = range(TEACHERS)
    rows = {
        "orgs": [org("school-1", "school", "4801")],
        "academicSessions": [session("fall", "Fall 2026", "2026-08-10")],
        "courses": [course("algebra", "MATH-1")],
        "users": [user(f"u{n}", role("teacher"), familyName=SURNAMES[n]) for n in numbers] + [user("s", role("student"))],
        "classes": [taught(f"c{n}", title=f"Algebra I - {SURNAMES[n]}", grades=["09"]) for n in numbers],
        "enrollments": [enrolment(f"e{n}", f"u{n}", f"c{n}", primary="true") for n in numbers]
        + [enrolment(f"s{n}", "s", f"c{n}", "student") for n in numbers],
    }

    def change() -> None:
        del rows["enrollments"][0]
        rows["classes"].append(taught("new"))

    with oneroster_server(OneRosterServer(auth="bearer", rows=rows)) as running:
        yield f"kind: oneroster\nbase: {running.base}\nauth: {{bearer: {{env: T}}}}\n{RESOURCES}", change


@contextmanager
def from_bundles(folder: Path) -> Iterator[Opened]:
    numbers = range(TEACHERS)
    section = {"courseSourcedId": "algebra", "schoolSourcedId": "school-1", "termSourcedIds": "fall"}
    classes = [{"sourcedId": f"c{n}", "title": f"Algebra I - {SURNAMES[n]}", "grades": "09", **section} for n in numbers]
    enrolments = [
        {"sourcedId": f"e{n}", "userSourcedId": f"u{n}", "classSourcedId": f"c{n}", "role": "teacher", "primary": "true"}
        for n in numbers
    ]
    students = [{"sourcedId": f"s{n}", "userSourcedId": "s", "classSourcedId": f"c{n}", "role": "student"} for n in numbers]
    whole = files(
        "1.2",
        "bulk",
        orgs=[{"sourcedId": "school-1", "name": "North", "type": "school", "identifier": "4801"}],
        academicSessions=[{"sourcedId": "fall", "title": "Fall 2026", "startDate": "2026-08-10", "schoolYear": "2027"}],
        courses=[{"sourcedId": "algebra", "courseCode": "MATH-1"}],
        users=[
            {"sourcedId": f"u{n}", "identifier": f"S-u{n}", "givenName": f"Given u{n}", "familyName": SURNAMES[n]} for n in numbers
        ],
        roles=[{"sourcedId": f"r{n}", "userSourcedId": f"u{n}", "role": "teacher", "orgSourcedId": "school-1"} for n in numbers],
        classes=classes,
        enrollments=enrolments + students,
    )
    (folder / "in").mkdir()
    write(folder / "in" / "1.zip", whole)

    def change() -> None:
        changed = {
            "classes": [{**classes[0], "sourcedId": "new", "status": "active"}],
            "enrollments": [{**enrolments[0], "status": "tobedeleted"}],
        }
        write(folder / "in" / "2.zip", files("1.2", "delta", **changed))

    yield f'kind: oneroster-csv\nplace: {{folder: in}}\nbundle: "*.zip"\n{RESOURCES}', change


@contextmanager
def from_an_ods(folder: Path) -> Iterator[Opened]:
    server = EdfiServer()
    keys = [ods_key(f"c{n}") for n in range(TEACHERS)]
    for n, key in enumerate(keys):
        server.put("ed-fi/staffs", "staffUniqueId", staffUniqueId=f"S-u{n}", firstName=f"Given u{n}", lastSurname=SURNAMES[n])
        put_section(server, key, f"Algebra I - {SURNAMES[n]}")
        server.put(
            "ed-fi/staffSectionAssociations",
            "sectionReference",
            staffReference={"staffUniqueId": f"S-u{n}"},
            sectionReference=key,
            beginDate="2026-08-10",
            classroomPositionDescriptor="uri://ed-fi.org/ClassroomPositionDescriptor#Teacher of Record",
        )

    def change() -> None:
        path = "ed-fi/staffSectionAssociations"
        gone = {"staffUniqueId": "S-u0", "beginDate": "2026-08-10", **keys[0]}
        server.newest += 1
        server.rows[path] = [(row, at) for row, at in server.rows[path] if row["sectionReference"] != keys[0]]
        server.deletes.append((path, {"id": "0" * 32, "changeVersion": server.newest, "keyValues": gone}))
        put_section(server, ods_key("new"), "Algebra")

    with edfi_server(server) as running:
        yield f"kind: edfi\nbase: {running.base}\nkey: {KEY}\nsecret: {{env: T}}\n{RESOURCES}", change


def ods_key(number: str) -> dict[str, Any]:
    return {
        "localCourseCode": "MATH-1",
        "schoolId": 4801,
        "schoolYear": 2027,
        "sessionName": "Fall 2026",
        "sectionIdentifier": number,
    }


def put_section(server: EdfiServer, key: dict[str, Any], name: str) -> None:
    offering = {member: value for member, value in key.items() if member != "sectionIdentifier"}
    levels = [{"gradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Ninth grade"}]
    own = {"sectionIdentifier": key["sectionIdentifier"], "sectionName": name, "offeredGradeLevels": levels}
    server.put("ed-fi/sections", "sectionIdentifier", courseOfferingReference=offering, **own)


def sync(world: World, folder: Path, text: str, provider: str = "riverton", *, whole: bool = False) -> dict[str, ResourceReport]:
    file = folder / f"{provider}.source.yaml"
    kind = "epp" if provider == "lakeside" else "district"
    file.write_text(HEAD.format(id=f"{provider}-rosters", provider=provider, kind=kind) + text, encoding="utf-8")
    source = read_source(file, world.gateway.catalog, {})
    reports = sync_source(world.gateway, source, SyncWishes(whole=whole, allow_shrink=True), Told()).resources
    return {report.resource: report for report in reports}


def tables(world: World) -> list[list[tuple[Any, ...]]]:
    """Every row of the tables of sections and of who teaches them."""
    found = [world.gateway.tables[name] for name in (SECTIONS, TEACHING)]
    with world.gateway.database.read() as connection:
        stored = [table for one in found for table in (one.rows, *one.members.values())]
        return [sorted((tuple(row) for row in connection.execute(select(table))), key=repr) for table in stored]


def seen(world: World, resource: str, client: str = "lakeside-sis", **parameters: str) -> list[Any]:
    answer = world.api.get(f"/v1/{resource}", world.token(client), limit="100", **parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    return list(answer.json()["data"])


@pytest.mark.parametrize("way", [over_http, from_bundles, from_an_ods])
def test_sections_come_once_and_a_change_is_one_change(tmp_path: Path, world: World, way: Any) -> None:
    with way(tmp_path) as (text, change):
        first = sync(world, tmp_path, text)
        assert {name: report.counts for name, report in first.items()} == dict.fromkeys(first, Counts(inserted=TEACHERS))
        before = tables(world)
        assert [len(rows) for rows in before] == [TEACHERS, 0, TEACHERS, TEACHERS]
        again = [report.outcome for whole in (False, True) for report in sync(world, tmp_path, text, whole=whole).values()]
        assert set(again) == {"unchanged"}
        assert tables(world) == before
        change()
        changed = sync(world, tmp_path, text)
    assert (changed[SECTIONS].counts.inserted, changed[SECTIONS].counts.changes) == (1, 1)
    assert (changed[TEACHING].counts.deleted, changed[TEACHING].counts.changes) == (1, 1)
    assert changed["staffs"].counts.changes == 0


@pytest.mark.parametrize("way", [over_http, from_bundles])
def test_students_are_counted_as_passed_over_and_leave_nothing(tmp_path: Path, world: World, way: Any) -> None:
    with way(tmp_path) as (text, _):
        found = sync(world, tmp_path, text)[TEACHING]
    assert (found.rows, found.passed_over, found.quarantined) == (2 * TEACHERS, TEACHERS, 0)


@pytest.mark.parametrize("way", [over_http, from_bundles, from_an_ods])
def test_a_partner_sees_who_teaches_what_by_pseudonyms_that_meet_and_no_teachers_name(
    tmp_path: Path, world: World, way: Any
) -> None:
    with way(tmp_path) as (text, _):
        sync(world, tmp_path, text)
    sections = {section.pop("sectionIdentifier"): section for section in seen(world, SECTIONS)}
    assert len(sections) == TEACHERS
    for section in sections.values():
        assert section == {
            "sectionName": "Algebra I - [name]",
            "courseOfferingReference": {
                "localCourseCode": "MATH-1",
                "schoolId": 4801,
                "schoolYear": 2027,
                "sessionName": "Fall 2026",
            },
            "offeredGradeLevels": [{"gradeLevelDescriptor": "high"}],
        }
    staff = {one["staffUniqueId"] for one in seen(world, "staffs")}
    taught_by = seen(world, TEACHING)
    assert {one["sectionReference"]["sectionIdentifier"] for one in taught_by} == set(sections)
    assert {one["staffReference"]["staffUniqueId"] for one in taught_by} == staff
    position = "uri://ed-fi.org/ClassroomPositionDescriptor#Teacher of Record"
    assert {(one["classroomPositionDescriptor"], one["beginDate"]) for one in taught_by} == {(position, 2026)}
    beside = seen(world, TEACHING, expand=SECTIONS)
    assert all(len(one[SECTIONS]) == 1 for one in beside)


def test_the_district_sees_which_sections_a_candidate_is_placed_in(tmp_path: Path, world: World) -> None:
    server = EdfiServer()
    placement = {"studentUniqueId": "C1", "fieldworkIdentifier": "F1", "beginDate": "2026-08-24"}
    server.put("ed-fi/candidates", "candidateIdentifier", candidateIdentifier="C1", firstName="Ann")
    for number in ("c1", "c2"):
        placed = {"fieldworkExperienceReference": placement, "sectionReference": ods_key(number)}
        server.put("ed-fi/fieldworkExperienceSectionAssociations", "sectionReference", **placed)
    with edfi_server(server) as running:
        text = (
            f"kind: edfi\nbase: {running.base}\nkey: {KEY}\nsecret: {{env: T}}\nresources: {{candidates: {{}}, {PLACED}: {{}}}}\n"
        )
        first = sync(world, tmp_path, text, "lakeside")
        assert first[PLACED].counts == Counts(inserted=2)
        assert {report.outcome for report in sync(world, tmp_path, text, "lakeside", whole=True).values()} == {"unchanged"}
    [candidate] = seen(world, "candidates", "riverton-sis", expand=PLACED)
    assert [one["sectionReference"]["localCourseCode"] for one in candidate[PLACED]] == ["MATH-1", "MATH-1"]
    named = {one["fieldworkExperienceReference"]["studentUniqueId"] for one in candidate[PLACED]}
    assert named == {candidate["candidateIdentifier"]}
    assert len({one["sectionReference"]["sectionIdentifier"] for one in candidate[PLACED]}) == 2
