"""Classes and teachers' enrolments of OneRoster, over HTTP and in bundles: sections with their whole key, and who teaches them.
Students' enrolments are passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors import tokens
from connectors.base import Page
from connectors.kinds import open_source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import EducationRecord
from gateway.errors import FileErrors, IngestError
from gateway.normalise import normalise
from tests.oneroster_bundles import files, write
from tests.oneroster_server import (
    SECRET,
    OneRosterServer,
    course,
    enrolment,
    oneroster_server,
    org,
    ref,
    role,
    session,
    taught,
    user,
)

CATALOG = load_catalog()
SECTIONS, TEACHING = ResourceName("sections"), ResourceName("staffSectionAssociations")
COURSE, SECTION = "courseOfferingReference", "sectionReference"
HEAD = "version: 1\nid: sis\nprovider: riverton\nmaintainer: {kind: district}\n"
Rows = dict[str, list[dict[str, Any]]]
Way = Callable[[Rows, Path, str], Any]


@pytest.fixture(autouse=True)
def no_tokens() -> Iterator[None]:
    tokens._KEPT.clear()
    yield
    tokens._KEPT.clear()


def district() -> Rows:
    """Two schools, a year of two terms and a summer beside it, and one of each kind of enrolment."""
    return {
        "orgs": [org("d", "district", "4800"), org("school-1", "school", "4801"), org("school-2", "school", "4802")],
        "academicSessions": [
            session("year", "2026-27", "2026-07-01"),
            session("fall", "Fall 2026", "2026-08-10", "year"),
            session("spring", "Spring 2027", "2027-01-05", "year", schoolYear=""),
            session("summer", "Summer 2027", "2027-06-10"),
        ],
        "courses": [course("algebra", "MATH-1"), course("art")],
        "users": [user("ann", role("teacher")), user("bob", role("student")), user("cy", role("principal")), user("di")],
        "classes": [
            taught("c1", grades=["09", "10"], classCode="1st"),
            taught("c2", "school-2", terms=("spring", "fall"), grades=[]),
            taught("c3", status="tobedeleted"),
        ],
        "enrollments": [
            enrolment("e1", "ann", "c1", primary="true", beginDate="2026-08-24", endDate="2026-12-18"),
            enrolment("e2", "bob", "c1", "student"),
            enrolment("e3", "cy", "c2", primary="false"),
            enrolment("e4", "cy", "c1", "administrator"),
            enrolment("e5", "ann", "c2", status="tobedeleted"),
            enrolment("e6", "ann", "c3"),
            enrolment("e7", "di", "c1"),
        ],
    }


@contextmanager
def over_http(rows: Rows, folder: Path, text: str) -> Iterator[Any]:
    with oneroster_server(OneRosterServer(auth="bearer", rows=rows)) as running:
        file = folder / "sis.source.yaml"
        file.write_text(f"{HEAD}kind: oneroster\nbase: {running.base}\nauth: {{bearer: {{env: S}}}}\n{text}", encoding="utf-8")
        yield open_source(read_source(file, CATALOG, {}), lambda _: SECRET)


def from_bundle(version: str) -> Way:
    @contextmanager
    def opened(rows: Rows, folder: Path, text: str) -> Iterator[Any]:
        (folder / "in").mkdir(exist_ok=True)
        write(folder / "in" / "1.zip", files(version, "bulk", **in_csv(rows, version)))
        file = folder / "sis.source.yaml"
        file.write_text(f'{HEAD}kind: oneroster-csv\nplace: {{folder: in}}\nbundle: "*.zip"\n{text}', encoding="utf-8")
        yield open_source(read_source(file, CATALOG, {}), lambda _: SECRET)

    return opened


WAYS: Mapping[str, Way] = {"http": over_http, "1.2": from_bundle("1.2"), "1.1": from_bundle("1.1")}


def in_csv(rows: Rows, version: str) -> dict[str, list[dict[str, str]]]:
    """The same as the files of a bundle have it."""
    content = {name: [_cells(row) for row in listed] for name, listed in rows.items()}
    roles = [(one["sourcedId"], found) for one in rows.get("users", []) for found in one["roles"]]
    if version == "1.2" and "users" in rows:
        content["roles"] = [
            {"sourcedId": f"r{number}", "userSourcedId": of, "role": found["role"], "orgSourcedId": found["org"]["sourcedId"]}
            for number, (of, found) in enumerate(roles)
        ]
    elif "users" in rows:
        named = dict(roles)
        for one in content["users"]:
            one |= (
                {"role": named[one["sourcedId"]]["role"], "orgSourcedIds": "school-1"}
                if one["sourcedId"] in named
                else {"role": "parent"}
            )
    return content


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    cells = {}
    for name, value in row.items():
        match value:
            case {"sourcedId": named}:
                cells[f"{name}SourcedId"] = named
            case [{"sourcedId": _}, *_]:
                cells[f"{name.removesuffix('s')}SourcedIds"] = ",".join(one["sourcedId"] for one in value)
            case list() if name != "roles":
                cells[name] = ",".join(value)
            case str():
                cells[name] = value
    return cells


def pulled(source: Any, resource: ResourceName) -> list[Page]:
    pages = list(source.pull(resource))
    assert not any(page.unaccounted() for page in pages)
    return pages


def records(source: Any, resource: ResourceName) -> list[dict[str, Any]]:
    """The records of a pull without a rejection, as the catalog takes them."""
    pages = pulled(source, resource)
    assert [found for page in pages for found in page.rejections] == []
    needed = frozenset(element.path for element in CATALOG.resources[resource].every_element())
    found = [normalise(raw, CATALOG.resources[resource], needed) for page in pages for raw in page.records]
    taken = [record for record in found if isinstance(record, EducationRecord)]
    assert len(taken) == len(found), found
    return [{str(path): value for path, value in (*r.elements.items(), *r.collections.items())} for r in taken]


def refused(source: Any, resource: ResourceName) -> list[str]:
    rejections = [found for page in pulled(source, resource) for found in page.rejections]
    assert not any("Title" in found.reason or "S-ann" in found.reason for found in rejections)
    return [found.code for found in rejections]


def every(*resources: ResourceName) -> str:
    return "resources: {" + ", ".join(f"{name}: {{}}" for name in resources or (SECTIONS, TEACHING)) + "}\n"


# What becomes of classes and enrolments


@pytest.mark.parametrize("way", WAYS)
def test_a_class_is_a_section_with_its_course_school_year_and_session(tmp_path: Path, way: str) -> None:
    with WAYS[way](district(), tmp_path, every()) as source:
        first, second = records(source, SECTIONS)
        assert source.unmapped() == {}
    grades = "uri://ed-fi.org/GradeLevelDescriptor#"
    assert first == {
        "sectionIdentifier": "c1",
        f"{COURSE}.localCourseCode": "MATH-1",
        f"{COURSE}.schoolId": 4801,
        f"{COURSE}.schoolYear": 2027,
        f"{COURSE}.sessionName": "Fall 2026",
        "sectionName": "Title c1",
        "offeredGradeLevels": tuple({"gradeLevelDescriptor": grades + level} for level in ("Ninth grade", "Tenth grade")),
    }
    assert (second[f"{COURSE}.schoolId"], second[f"{COURSE}.sessionName"]) == (4802, "2026-27"), "both terms are of the year"


@pytest.mark.parametrize("way", WAYS)
def test_a_teachers_enrolment_names_the_section_by_its_key_and_begins_with_the_first_term_if_it_does_not_say(
    tmp_path: Path, way: str
) -> None:
    with WAYS[way](district(), tmp_path, every()) as source:
        first, second = records(source, TEACHING)
        sections = records(source, SECTIONS)
    assert first == {
        "staffReference.staffUniqueId": "S-ann",
        f"{SECTION}.sectionIdentifier": "c1",
        f"{SECTION}.localCourseCode": "MATH-1",
        f"{SECTION}.schoolId": 4801,
        f"{SECTION}.schoolYear": 2027,
        f"{SECTION}.sessionName": "Fall 2026",
        "beginDate": "2026-08-24",
        "endDate": "2026-12-18",
        "classroomPositionDescriptor": "uri://ed-fi.org/ClassroomPositionDescriptor#Teacher of Record",
    }
    assert (second["staffReference.staffUniqueId"], second["beginDate"]) == ("S-cy", "2026-08-10")
    assert not {"endDate", "classroomPositionDescriptor"} & second.keys(), "what OneRoster does not say is not said"
    keys = [tuple(one[path] for path in CATALOG.resources[SECTIONS].identity) for one in sections]
    members = CATALOG.resources[TEACHING].references["sectionReference"].members
    assert [tuple(one[path] for path in members) for one in (first, second)] == keys


@pytest.mark.parametrize("way", WAYS)
def test_enrolments_of_students_and_of_who_is_not_staff_are_passed_over_and_counted(tmp_path: Path, way: str) -> None:
    with WAYS[way](district(), tmp_path, every()) as source:
        [page] = pulled(source, TEACHING)
    assert (page.rows, len(page.records), page.passed_over) == (7, 2, 5)
    assert not any("bob" in text for record in (*page.records, *page.partial) for text in record.elements.values())


def test_a_damaged_enrolment_of_a_student_is_passed_over_too(tmp_path: Path) -> None:
    rows = district()
    rows["enrollments"] = [enrolment("e1", "ann", "c1"), enrolment("e2", "nobody", "nowhere", "student")]
    content = files("1.2", "bulk", **in_csv(rows, "1.2"))
    with from_bundle("1.2")(rows, tmp_path, every()) as source:
        damaged = content["enrollments.csv"].replace(",nobody,", ",nob\xe9,").encode("latin-1")
        write(tmp_path / "in" / "1.zip", {**content, "enrollments.csv": damaged})
        [page] = pulled(source, TEACHING)
    assert (len(page.records), page.passed_over, page.rejections) == (1, 1, ())


def test_students_do_not_leave_the_server_where_it_filters(tmp_path: Path) -> None:
    text = "resources: {staffSectionAssociations: {filter: \"role='teacher'\"}}\n"
    with over_http(district(), tmp_path, text) as source:
        [page] = pulled(source, TEACHING)
    assert (page.rows, len(page.records)) == (5, 2)


# What identifies a section


@pytest.mark.parametrize("way", WAYS)
def test_what_identifies_a_class_and_a_course_is_settable(tmp_path: Path, way: str) -> None:
    rows = district()
    rows["classes"], rows["enrollments"], rows["courses"] = rows["classes"][:1], rows["enrollments"][:1], [course("art")]
    with WAYS[way](rows, tmp_path, f"section_id: classCode\ncourse_id: sourcedId\n{every()}") as source:
        [section] = records(source, SECTIONS)
        [first] = records(source, TEACHING)
    assert (section["sectionIdentifier"], section[f"{COURSE}.localCourseCode"]) == ("1st", "algebra")
    assert (first[f"{SECTION}.sectionIdentifier"], first[f"{SECTION}.localCourseCode"]) == ("1st", "algebra")


@pytest.mark.parametrize(
    ("terms", "name", "year", "begins"),
    [
        (("fall",), "Fall 2026", 2027, "2026-08-10"),
        (("spring",), "Spring 2027", 2027, "2027-01-05"),
        (("spring", "fall"), "2026-27", 2027, "2026-08-10"),
        (("fall", "year"), "2026-27", 2027, "2026-07-01"),
        (("summer", "spring"), "Spring 2027", 2027, "2027-01-05"),
    ],
)
def test_a_class_is_in_its_term_or_the_nearest_session_above_all_or_the_first_to_begin(
    tmp_path: Path, terms: tuple[str, ...], name: str, year: int, begins: str
) -> None:
    rows = district()
    rows["classes"], rows["enrollments"] = [taught("c1", terms=terms)], [enrolment("e1", "ann", "c1")]
    with over_http(rows, tmp_path, every()) as source:
        [section], [teacher] = records(source, SECTIONS), records(source, TEACHING)
    assert (section[f"{COURSE}.sessionName"], section[f"{COURSE}.schoolYear"], teacher["beginDate"]) == (name, year, begins)


def test_sessions_in_a_circle_have_no_common_one(tmp_path: Path) -> None:
    rows = district()
    rows["academicSessions"] = [
        session("a", "A", "2026-09-01", "b"),
        session("b", "B", "2026-08-01", "a"),
        session("c", "C", "2026-10-01"),
    ]
    rows["classes"] = [taught("c1", terms=("a", "c"))]
    with over_http(rows, tmp_path, every()) as source:
        assert [one[f"{COURSE}.sessionName"] for one in records(source, SECTIONS)] == ["A"]


def test_a_teacher_begins_when_the_source_file_says_only_where_nothing_else_does(tmp_path: Path) -> None:
    rows = district()
    rows["academicSessions"] = [session("fall", "Fall 2026", "")]
    rows["classes"], rows["enrollments"] = [taught("c1")], [enrolment("e1", "ann", "c1")]
    with over_http(rows, tmp_path, every()) as source:
        assert refused(source, TEACHING) == ["no_begin_date"]
    with over_http(rows, tmp_path, f"begin_date: 2026-07-01\n{every()}") as source:
        assert [one["beginDate"] for one in records(source, TEACHING)] == ["2026-07-01"]


def test_grades_that_are_not_known_are_refused_until_the_source_file_says_what_they_are(tmp_path: Path) -> None:
    rows = district()
    rows["classes"], rows["enrollments"] = [taught("c1", grades=["K", "9", "pk"])], rows["enrollments"][:1]
    with over_http(rows, tmp_path, every()) as source:
        assert refused(source, SECTIONS) == ["unknown_grade"]
        assert refused(source, TEACHING) == [], "the key of the section is known all the same"
    with over_http(rows, tmp_path, f"grades: {{K: Kindergarten}}\n{every()}") as source:
        [section] = records(source, SECTIONS)
    levels = [one["gradeLevelDescriptor"].partition("#")[2] for one in section["offeredGradeLevels"]]
    assert levels == ["Kindergarten", "Ninth grade", "Preschool/Prekindergarten"]


def test_an_enrolment_with_a_role_of_the_districts_own_is_refused_until_the_source_file_says_what_it_is(tmp_path: Path) -> None:
    rows = district()
    rows["enrollments"] = [enrolment("e1", "ann", "c1", "ext:coTeacher")]
    with over_http(rows, tmp_path, every()) as source:
        assert refused(source, TEACHING) == ["unknown_role"]
    with over_http(rows, tmp_path, f"roles: {{ext:coTeacher: Teacher}}\n{every()}") as source:
        assert len(records(source, TEACHING)) == 1
    with over_http(rows, tmp_path, f"not_staff: [ext:coTeacher]\n{every()}") as source:
        assert records(source, TEACHING) == []


@pytest.mark.parametrize("name", ["administrator", "proctor"])
def test_who_administers_or_supervises_a_class_does_not_teach_it(tmp_path: Path, name: str) -> None:
    rows = district()
    rows["enrollments"] = [enrolment("e1", "cy", "c1", name)]
    with over_http(rows, tmp_path, f"roles: {{proctor: Proctor}}\n{every()}") as source:
        [page] = pulled(source, TEACHING)
    assert (page.records, page.passed_over) == ((), 1)


def test_another_position_can_be_mapped_by_the_source_file(tmp_path: Path) -> None:
    position = '{element: classroomPositionDescriptor, lookup: {"true": Teacher of Record, "false": Support Teacher}}'
    text = f"resources: {{staffSectionAssociations: {{columns: {{primary: {position}}}}}}}\n"
    rows = district()
    rows["enrollments"][0]["primary"] = True
    with over_http(rows, tmp_path, text) as source:
        found = [one["classroomPositionDescriptor"] for one in records(source, TEACHING)]
    assert found == ["Teacher of Record", "Support Teacher"]
    with over_http(rows, tmp_path, every()) as source:
        assert "classroomPositionDescriptor" in records(source, TEACHING)[0], "a server may say true instead of the word"


# What cannot be taken


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (taught("x", "nowhere"), "unknown_org"),
        (taught("x", of="nothing"), "unknown_course"),
        (taught("x", of="art"), "no_course_id"),
        (taught("x", terms=("never",)), "unknown_term"),
        (taught("x", terms=()), "no_session"),
        ({**taught("x"), "terms": "fall"}, "not_a_list"),
        ({**taught("x"), "terms": ["fall"]}, "not_a_list"),
        (taught("x", status="paused"), "unknown_status"),
        (taught("x", terms=("untitled",)), "no_session"),
        (taught("x", terms=("undated",)), "no_school_year"),
        (taught("x", "office"), "no_org_id"),
    ],
)
def test_a_class_without_a_key_is_told_and_so_is_who_teaches_it(tmp_path: Path, found: dict[str, Any], code: str) -> None:
    rows = district()
    rows["orgs"].append(org("office", "department"))
    rows["academicSessions"] += [session("untitled", "", "2026-08-01"), session("undated", "U", "2026-08-01", schoolYear="")]
    rows["classes"], rows["enrollments"] = [found], [enrolment("e1", "ann", "x")]
    with over_http(rows, tmp_path, every()) as source:
        assert (refused(source, SECTIONS), refused(source, TEACHING)) == ([code], [code])


def test_a_class_without_the_code_that_is_to_identify_it_is_told(tmp_path: Path) -> None:
    with over_http(district(), tmp_path, f"section_id: classCode\n{every()}") as source:
        assert refused(source, SECTIONS) == ["no_section_id"]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (enrolment("e", "nobody", "c1"), "unknown_user"),
        (enrolment("e", "", "c1"), "unknown_user"),
        (enrolment("e", "ann", "nowhere"), "unknown_class"),
        (enrolment("e", "ann", "c1", ""), "unknown_role"),
        (enrolment("e", "ann", "c1", status="paused"), "unknown_status"),
        (enrolment("e", "numberless", "c1"), "no_staff_id"),
    ],
)
def test_an_enrolment_that_cannot_be_taken_is_told(tmp_path: Path, found: dict[str, Any], code: str) -> None:
    rows = district()
    rows["users"].append(user("numberless", role("teacher"), identifier=""))
    rows["enrollments"] = [found]
    with over_http(rows, tmp_path, every()) as source:
        assert refused(source, TEACHING) == [code]


def test_a_damaged_user_or_class_does_not_make_who_teaches_look_deleted(tmp_path: Path) -> None:
    rows = district()
    content = files("1.2", "bulk", **in_csv(rows, "1.2"))
    with from_bundle("1.2")(rows, tmp_path, every()) as source:
        users = content["users.csv"].replace("Given ann", "Ren\xe9e").encode("latin-1")
        classes = content["classes.csv"].replace("Title c2", "Caf\xe9").encode("latin-1")
        write(tmp_path / "in" / "1.zip", {**content, "users.csv": users, "classes.csv": classes})
        [page] = pulled(source, TEACHING)
        assert refused(source, SECTIONS) == ["undecodable"]
    assert [found.code for found in page.rejections] == ["undecodable", "undecodable"]
    named = [record.elements[ElementPath("staffReference.staffUniqueId")] for record in page.partial]
    assert named == ["S-ann", "S-cy"], "so that they are not taken for deleted"


@pytest.mark.parametrize("missing", ["orgs", "academicSessions", "courses", "classes", "users", "enrollments"])
def test_who_teaches_is_not_told_without_all_that_it_is_made_of(tmp_path: Path, missing: str) -> None:
    rows = district()
    del rows[missing]
    with over_http(rows, tmp_path, every()) as source:
        with pytest.raises(IngestError, match=f"{missing}.*nothing at this path"):
            pulled(source, TEACHING)
        if missing in ("users", "enrollments"):
            assert len(records(source, SECTIONS)) == 2


# Bundles of changes


def test_changes_of_classes_and_enrolments_are_applied_to_the_whole(tmp_path: Path) -> None:
    rows = district()
    with from_bundle("1.2")(rows, tmp_path, every()) as source:
        changed = {
            "classes": [taught("c1", terms=("spring",)), taught("c4", status="active")],
            "enrollments": [
                enrolment("e3", "cy", "c2", status="tobedeleted"),
                enrolment("e9", "cy", "c4"),
                enrolment("e2", "bob", "c4", "student"),
            ],
        }
        write(tmp_path / "in" / "2.zip", files("1.2", "delta", **in_csv(changed, "1.2")))
        sections, teachers = records(source, SECTIONS), records(source, TEACHING)
    found = [(one["sectionIdentifier"], one[f"{COURSE}.sessionName"]) for one in sections]
    assert found == [("c1", "Spring 2027"), ("c2", "2026-27"), ("c4", "Fall 2026")]
    taught_by = [(one["staffReference.staffUniqueId"], one[f"{SECTION}.sectionIdentifier"]) for one in teachers]
    assert taught_by == [("S-ann", "c1"), ("S-cy", "c4")]
    assert teachers[0][f"{SECTION}.sessionName"] == "Spring 2027", "the key of a section that moved is that of who teaches it"


def test_a_bundle_without_its_classes_is_refused(tmp_path: Path) -> None:
    rows = district()
    del rows["classes"]
    with from_bundle("1.2")(rows, tmp_path, every()) as source, pytest.raises(IngestError, match=r"classes\.csv is absent"):
        pulled(source, TEACHING)


def test_courses_are_not_read_where_their_codes_are_not_asked_for(tmp_path: Path) -> None:
    rows = district()
    del rows["courses"]
    with from_bundle("1.2")(rows, tmp_path, f"course_id: sourcedId\n{every()}") as source:
        assert len(records(source, SECTIONS)) == 2
    with from_bundle("1.2")(rows, tmp_path, every()) as source, pytest.raises(IngestError, match=r"courses\.csv is absent"):
        pulled(source, SECTIONS)


# Source files


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"section_id: title\n{every()}", '"title" is not a section_id: classCode, sourcedId'),
        (f"course_id: title\n{every()}", '"title" is not a course_id: courseCode, sourcedId'),
        (f"grades: [K]\n{every()}", "grades"),
        (
            'resources: {sections: {filter: "x"}}',
            "filter chooses users and enrolments, and this resource is made of orgs or classes",
        ),
        (every(ResourceName("fieldworkExperienceSectionAssociations")), 'lacks "columns"'),
    ],
)
def test_mistakes_in_a_source_file_are_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FileErrors) as caught, over_http({}, tmp_path, text):
        pass
    assert message in str(caught.value)


def test_the_mapping_changes_with_what_identifies_a_section(tmp_path: Path) -> None:
    digests = set()
    for more in ("", "section_id: classCode\n", "course_id: sourcedId\n", "grades: {K: Kindergarten}\n"):
        file = tmp_path / "sis.source.yaml"
        file.write_text(f"{HEAD}kind: oneroster\nbase: https://sis.example\nauth: {{bearer: {{env: S}}}}\n{more}{every()}")
        digests.add(read_source(file, CATALOG, {}).mapping_of(SECTIONS))
    assert len(digests) == 4


def test_a_term_that_is_named_by_a_reference_needs_no_more_than_its_sourced_id(tmp_path: Path) -> None:
    rows = district()
    rows["classes"] = [taught("c1", terms=())]
    rows["classes"][0]["terms"] = [{"sourcedId": "fall"}, ref("fall")]
    with over_http(rows, tmp_path, every()) as source:
        assert [one[f"{COURSE}.sessionName"] for one in records(source, SECTIONS)] == ["Fall 2026"]
