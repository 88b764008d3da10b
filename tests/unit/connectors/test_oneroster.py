"""A OneRoster server as a source: staff, schools, districts and assignments, whole or not at all, and nobody else."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors import tokens
from connectors.base import Page
from connectors.http import HttpLimits
from connectors.kinds import open_source
from connectors.source import Source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import EducationRecord
from gateway.errors import FileErrors, IngestError
from gateway.normalise import normalise
from tests.fault_proxy import Fault, fault_proxy, path_has
from tests.json_server import Asked, JsonServer, Reply
from tests.oneroster_server import CORE, KEY, SECRET, OneRosterServer, oneroster_server, org, ref, role, user

CATALOG = load_catalog()
STAFFS, SCHOOLS, DISTRICTS = ResourceName("staffs"), ResourceName("schools"), ResourceName("localEducationAgencies")
ASSIGNMENTS = ResourceName("staffEducationOrganizationAssignmentAssociations")
ALL = f"{{staffs: {{}}, schools: {{}}, localEducationAgencies: {{}}, {ASSIGNMENTS}: {{}}}}"
OAUTH2 = f"{{oauth2: {{token_url: /token, key: {KEY}, secret: {{env: S}}}}}}"
WAYS = {
    "oauth2": OAUTH2,
    "oauth1": f"{{oauth1: {{key: {KEY}, secret: {{env: S}}}}}}",
    "bearer": "{bearer: {env: S}}",
}
PAGING: dict[str, dict[str, Any]] = {
    "links": {"links": True, "counts": True},
    "links without a count": {"links": True, "counts": False},
    "a link only where more comes": {"links": True, "counts": False, "first_link": False},
    "offsets with a count": {"links": False, "counts": True},
    "offsets until a short page": {"links": False, "counts": False},
    "a server that gives less than is asked for": {"links": False, "counts": False, "largest_page": 7},
    "less, with a count": {"links": False, "counts": True, "largest_page": 7},
}


@pytest.fixture(autouse=True)
def no_waits_and_no_tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test asks for its own tokens; none waits long before it asks again."""
    usual = HttpLimits
    monkeypatch.setattr(
        "connectors.http_rules.HttpLimits",
        lambda size=1_000_000, seconds=5.0, tries=2, wait=0.01: usual(min(size, 1_000_000), seconds, tries, 0.01),
    )
    tokens._KEPT.clear()
    yield
    tokens._KEPT.clear()


def source_file(base: str, more: str = "", resources: str = ALL, auth: str = OAUTH2) -> str:
    return f"""version: 1
id: sis
provider: riverton
maintainer: {{kind: district}}
kind: oneroster
base: {base}
auth: {auth}
limits: {{tries: 3}}
{more}
resources: {resources}
"""


def read(folder: Path, text: str) -> Source:
    file = folder / "sis.source.yaml"
    file.write_text(text, encoding="utf-8")
    return read_source(file, CATALOG, {})


@contextmanager
def opened(
    server: OneRosterServer, folder: Path, more: str = "", resources: str = ALL, auth: str = OAUTH2
) -> Iterator[tuple[Any, JsonServer]]:
    with oneroster_server(server) as running:
        yield open_source(read(folder, source_file(running.base, more, resources, auth)), lambda _: SECRET), running


def district_world(**behaviour: Any) -> OneRosterServer:
    """A district with two schools, and one of each kind of user."""
    server = OneRosterServer(**behaviour)
    server.rows["orgs"] = [
        org("state", "state", "99"),
        org("district", "district", "4800", parent=ref("state")),
        org("school-1", "school", "4801", parent=ref("district")),
        org("east", "department", "", parent=ref("district")),
        org("school-2", "school", "4802", parent=ref("east")),
        org("closed", "school", "4803", status="tobedeleted"),
    ]
    server.rows["users"] = [
        user("ann", role("teacher"), role("counselor", "school-2", roleType="secondary", endDate="2025-06-30"), username="ann"),
        user("bob", role("student")),
        user("cy", role("districtAdministrator", "district"), middleName="Q", preferredFirstName="Cyd", password="hunter2"),
        user("di", role("parent"), role("teacher", "school-2")),
        user("ed", role("teacher"), status="tobedeleted"),
    ]
    return server


def pulled(source: Any, resource: ResourceName) -> list[Page]:
    pages = list(source.pull(resource))
    assert not any(page.unaccounted() for page in pages)
    return pages


def records(source: Any, resource: ResourceName) -> list[dict[str, Any]]:
    """The records of a pull without a rejection, as the catalog takes them."""
    pages = pulled(source, resource)
    assert [found for page in pages for found in page.rejections] == []
    needed = frozenset(ElementPath(path) for path in CATALOG.resources[resource].elements)
    needed |= {path for collection in CATALOG.resources[resource].collections.values() for path in collection.elements}
    found = [normalise(raw, CATALOG.resources[resource], needed) for page in pages for raw in page.records]
    taken = [record for record in found if isinstance(record, EducationRecord)]
    assert len(taken) == len(found), found
    return [{str(path): value for path, value in (*r.elements.items(), *r.collections.items())} for r in taken]


def refused(source: Any, resource: ResourceName) -> list[tuple[int, str, str]]:
    return [(r.location.line, r.column, r.code) for page in pulled(source, resource) for r in page.rejections]


def refusal(source: Any, resource: ResourceName = STAFFS) -> str:
    """The message of the error, whose whole trace holds no value and no secret."""
    with pytest.raises(IngestError) as caught:
        list(source.pull(resource))
    said = "".join(traceback.format_exception(caught.value)) + str(caught.value)
    assert "Given" not in said
    assert SECRET not in said
    return str(caught.value)


# What becomes of users and orgs


def test_staff_come_in_the_catalogs_words_and_students_parents_and_the_deleted_do_not(tmp_path: Path) -> None:
    with opened(district_world(), tmp_path) as (source, _):
        assert records(source, STAFFS) == [
            {"staffUniqueId": "S-ann", "firstName": "Given ann", "lastSurname": "Family ann", "loginId": "ann"},
            {
                "staffUniqueId": "S-cy",
                "firstName": "Given cy",
                "middleName": "Q",
                "lastSurname": "Family cy",
                "preferredFirstName": "Cyd",
            },
            {"staffUniqueId": "S-di", "firstName": "Given di", "lastSurname": "Family di"},
        ]


def test_schools_and_districts_know_their_district(tmp_path: Path) -> None:
    kinds = "uri://ed-fi.org/EducationOrganizationCategoryDescriptor#"
    with opened(district_world(), tmp_path) as (source, _):
        assert records(source, SCHOOLS) == [
            {
                "schoolId": number,
                "nameOfInstitution": f"The {name}",
                "localEducationAgencyReference.localEducationAgencyId": 4800,
                "educationOrganizationCategories": ({"educationOrganizationCategoryDescriptor": f"{kinds}School"},),
            }
            for number, name in ((4801, "school-1"), (4802, "school-2"))
        ]
        assert records(source, DISTRICTS) == [
            {
                "localEducationAgencyId": 4800,
                "nameOfInstitution": "The district",
                "categories": ({"educationOrganizationCategoryDescriptor": f"{kinds}Local Education Agency"},),
            }
        ]


def test_each_role_of_staff_is_an_assignment(tmp_path: Path) -> None:
    with opened(district_world(), tmp_path) as (source, _):
        found = records(source, ASSIGNMENTS)
    assert [
        (
            record["staffReference.staffUniqueId"],
            record["educationOrganizationReference.educationOrganizationId"],
            record["staffClassificationDescriptor"].removeprefix("uri://ed-fi.org/StaffClassificationDescriptor#"),
            record["beginDate"],
            record.get("endDate"),
            record["orderOfAssignment"],
        )
        for record in found
    ] == [
        ("S-ann", 4801, "Teacher", "2024-08-01", None, 1),
        ("S-ann", 4802, "Counselor", "2024-08-01", "2025-06-30", 2),
        ("S-cy", 4800, "LEA Administrator", "2024-08-01", None, 1),
        ("S-di", 4802, "Teacher", "2024-08-01", None, 1),
    ]


def test_a_user_of_version_1_1_has_one_role_in_each_org_and_begins_when_the_source_file_says(tmp_path: Path) -> None:
    server = district_world(path="/ims/oneroster/v1p1", auth="oauth1")
    plain = {"status": "active", "givenName": "A", "familyName": "B"}
    server.rows["users"] = [
        {**plain, "sourcedId": "ann", "identifier": "S1", "role": "teacher", "orgs": [ref("school-1"), ref("school-2")]},
        {**plain, "sourcedId": "bob", "identifier": "S2", "role": "administrator", "orgs": [ref("district")]},
        {**plain, "sourcedId": "cy", "identifier": "S3", "role": "administrator", "orgs": [ref("school-1")]},
        {**plain, "sourcedId": "di", "identifier": "S4", "role": "student", "orgs": [ref("school-1")]},
    ]
    more = 'oneroster: "1.1"\nbegin_date: 2026-07-01'
    with opened(server, tmp_path, more, auth=WAYS["oauth1"]) as (source, _):
        assert [record["staffUniqueId"] for record in records(source, STAFFS)] == ["S1", "S2", "S3"]
        found = records(source, ASSIGNMENTS)
    assert {record["beginDate"] for record in found} == {"2026-07-01"}
    assert [
        (
            record["educationOrganizationReference.educationOrganizationId"],
            record["staffClassificationDescriptor"].partition("#")[2],
        )
        for record in found
    ] == [(4801, "Teacher"), (4802, "Teacher"), (4800, "LEA Administrator"), (4801, "School Administrator")]


def test_a_role_without_a_begin_date_is_refused_until_the_source_file_names_one(tmp_path: Path) -> None:
    server = district_world()
    server.rows["users"] = [user("ann", role("teacher", beginDate=None))]
    with opened(server, tmp_path) as (source, _):
        assert refused(source, ASSIGNMENTS) == [(1, "beginDate", "no_begin_date")]
    with opened(server, tmp_path, "begin_date: 2026-07-01") as (source, _):
        assert [record["beginDate"] for record in records(source, ASSIGNMENTS)] == ["2026-07-01"]


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("identifier", "S-0E7E-1"),
        ("userMasterIdentifier", "M1"),
        ("sourcedId", "0b5c0d4e0e7e4a119c5ee1a2b3c4d5e6"),
    ],
)
def test_what_identifies_staff_is_settable_and_a_uuid_fits_into_32_characters(tmp_path: Path, setting: str, expected: str) -> None:
    server = district_world()
    server.rows["users"] = [
        user(
            "0B5C0D4E-0E7E-4A11-9C5E-E1A2B3C4D5E6",
            role("teacher"),
            identifier="S-0E7E-1",
            userMasterIdentifier="M1",
        )
    ]
    with opened(server, tmp_path, f"staff_id: {setting}") as (source, _):
        assert [record["staffUniqueId"] for record in records(source, STAFFS)] == [expected]
        assert [record["staffReference.staffUniqueId"] for record in records(source, ASSIGNMENTS)] == [expected]


def test_orgs_may_be_known_by_their_sourced_id(tmp_path: Path) -> None:
    server = OneRosterServer(rows={"orgs": [org("7", "district"), org("8", "school", parent=ref("7"))]})
    server.rows["users"] = [user("ann", role("teacher", "8"))]
    with opened(server, tmp_path, "org_id: sourcedId") as (source, _):
        assert records(source, SCHOOLS)[0]["schoolId"] == 8
        assert records(source, SCHOOLS)[0]["localEducationAgencyReference.localEducationAgencyId"] == 7
        assert records(source, ASSIGNMENTS)[0]["educationOrganizationReference.educationOrganizationId"] == 8


def test_roles_that_are_not_known_are_refused_until_the_source_file_says_what_they_are(tmp_path: Path) -> None:
    server = district_world()
    server.rows["users"] = [user("ann", role("ext:mentorTeacher")), user("bob", role("ext:teacherCandidate"))]
    with opened(server, tmp_path) as (source, _):
        unknown = [(number, "", "unknown_role") for number in (1, 2)]
        assert refused(source, STAFFS) == unknown
        assert [code for _, _, code in refused(source, ASSIGNMENTS)] == ["unknown_role"] * 2
    more = "roles: {ext:mentorTeacher: Mentor}\nnot_staff: [ext:teacherCandidate]"
    with opened(server, tmp_path, more) as (source, _):
        assert [record["staffUniqueId"] for record in records(source, STAFFS)] == ["S-ann"]
        assert [record["staffClassificationDescriptor"] for record in records(source, ASSIGNMENTS)] == [
            "uri://ed-fi.org/StaffClassificationDescriptor#Mentor"
        ]


@pytest.mark.parametrize(
    ("users", "resource", "expected"),
    [
        ([user("a", role("teacher"), identifier="")], STAFFS, [(1, "", "no_staff_id")]),
        ([user("a", role("teacher"), status="paused")], STAFFS, [(1, "", "unknown_status")]),
        ([{**user("a"), "roles": "teacher"}], STAFFS, [(1, "", "not_a_list")]),
        ([{**user("a"), "roles": ["teacher"]}], ASSIGNMENTS, [(1, "", "not_a_list")]),
        (["a"], STAFFS, [(1, "", "not_an_object")]),
        ([user("a", role("teacher", "nowhere"))], ASSIGNMENTS, [(1, "", "unknown_org")]),
        ([user("a", role("teacher", "east"))], ASSIGNMENTS, [(1, "", "no_org_id")]),
        ([user("a", role("teacher", status="paused"))], ASSIGNMENTS, [(1, "", "unknown_status")]),
        ([user("a", role("teacher"), givenName={"first": "Given a"})], STAFFS, [(1, "givenName", "not_a_scalar")]),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_number_and_the_others_are_read(
    tmp_path: Path, users: list[Any], resource: ResourceName, expected: list[tuple[int, str, str]]
) -> None:
    server = district_world()
    server.rows["users"] = [*users, user("z", role("teacher"))]
    with opened(server, tmp_path) as (source, _):
        assert refused(source, resource) == expected
        assert sum(len(page.records) for page in pulled(source, resource)) == 1


def test_an_assignment_may_name_a_school_that_is_to_be_deleted(tmp_path: Path) -> None:
    server = district_world()
    server.rows["users"] = [user("ann", role("teacher", "closed"))]
    with opened(server, tmp_path) as (source, _):
        assert records(source, ASSIGNMENTS)[0]["educationOrganizationReference.educationOrganizationId"] == 4803


def test_a_school_without_an_identifier_is_told(tmp_path: Path) -> None:
    server = OneRosterServer(rows={"orgs": [org("a", "school"), org("b", "school", "7")]})
    with opened(server, tmp_path) as (source, _):
        assert refused(source, SCHOOLS) == [(1, "", "no_org_id")]


def test_orgs_in_a_circle_have_no_district(tmp_path: Path) -> None:
    server = OneRosterServer(rows={"orgs": [org("a", "school", "1", parent=ref("b")), org("b", "department", parent=ref("a"))]})
    with opened(server, tmp_path) as (source, _):
        assert "localEducationAgencyReference.localEducationAgencyId" not in records(source, SCHOOLS)[0]


def test_members_beyond_the_standard_are_drift_and_can_be_mapped_and_a_password_never(tmp_path: Path) -> None:
    server = district_world()
    server.rows["users"] = [user("ann", role("teacher"), title="Dr", shoeSize=44, metadata={"former": "Smith"}, password="hunter2")]
    columns = "{staffs: {columns: {metadata.former: maidenName, title: personalTitlePrefix, password: loginId}}}"
    with opened(server, tmp_path, resources=columns) as (source, _):
        [record] = records(source, STAFFS)
        assert source.unmapped() == {"users": ("shoeSize",)}
    assert (record["maidenName"], record["personalTitlePrefix"]) == ("Smith", "Dr")
    assert "loginId" not in record


def test_a_filter_keeps_other_users_at_the_source(tmp_path: Path) -> None:
    resources = "{staffs: {filter: \"roles.role='teacher'\"}, schools: {}}"
    with opened(district_world(), tmp_path, resources=resources) as (source, server):
        assert [record["staffUniqueId"] for record in records(source, STAFFS)] == ["S-ann", "S-di"]
        assert [asked.query.get("filter") for asked in server.asked if asked.path.endswith("/users")] == ["roles.role='teacher'"]


def test_nothing_is_asked_for_that_no_resource_is_made_of(tmp_path: Path) -> None:
    server = district_world()
    further = ("academicSessions", "classes", "courses", "enrollments")
    server.rows |= {name: [] for name in further}
    resources = ALL.replace("}}", "}, sections: {}, staffSectionAssociations: {}}")
    with opened(server, tmp_path, resources=resources) as (source, running):
        for resource in source.resources()[:4]:
            pulled(source, resource)
        assert {asked.path.rpartition("/")[2] for asked in running.asked} == {"token", "users", "orgs"}
        for resource in source.resources()[4:]:
            pulled(source, resource)
        assert {asked.path.rpartition("/")[2] for asked in running.asked} == {"token", "users", "orgs", *further}
        assert source.rows_in(STAFFS) is None
        assert source.may_repeat()


# Pages


def many(**behaviour: Any) -> OneRosterServer:
    server = district_world(**behaviour)
    server.rows["users"] = [user(f"u{number}", role("teacher")) for number in range(35)]
    return server


EVERYBODY = [f"S-u{number}" for number in range(35)]


def staff_ids(source: Any) -> list[str]:
    return [record["staffUniqueId"] for record in records(source, STAFFS)]


@pytest.mark.parametrize("auth", WAYS)
@pytest.mark.parametrize("paging", PAGING)
def test_everybody_comes_once_however_the_server_pages_and_is_signed_in_to(tmp_path: Path, paging: str, auth: str) -> None:
    server = many(auth=auth, **PAGING[paging])
    with opened(server, tmp_path, "page_rows: 10", auth=WAYS[auth]) as (source, running):
        assert staff_ids(source) == EVERYBODY
        assert staff_ids(source) == EVERYBODY
        requests = [asked for asked in running.asked if asked.path.endswith("/users")]
    assert len(requests) >= 2 * 4
    if auth == "oauth1":
        assert len(set(server.signed)) == len(server.signed) == len(requests), "each request has a nonce of its own"


@pytest.mark.parametrize("total", [10, 20])
@pytest.mark.parametrize("paging", PAGING)
def test_pages_that_come_out_even_are_all_read(tmp_path: Path, paging: str, total: int) -> None:
    server = many(**PAGING[paging])
    del server.rows["users"][total:]
    with opened(server, tmp_path, "page_rows: 10") as (source, running):
        assert staff_ids(source) == EVERYBODY[:total]
        asked = len([asked for asked in running.asked if asked.path.endswith("/users")])
    assert asked == total / 10 or "largest_page" in PAGING[paging] or not server.counts, "what is known to be all is not asked on"


@pytest.mark.parametrize("paging", PAGING)
def test_a_collection_without_records_has_none(tmp_path: Path, paging: str) -> None:
    server = many(**PAGING[paging])
    server.rows["users"] = []
    with opened(server, tmp_path) as (source, _):
        assert staff_ids(source) == []


@pytest.mark.parametrize("wrong", [1, -1])
@pytest.mark.parametrize("links", [True, False])
def test_a_pull_with_more_or_fewer_records_than_the_server_says_is_refused(tmp_path: Path, links: bool, wrong: int) -> None:
    with opened(many(links=links, wrong=wrong), tmp_path, "page_rows: 10") as (source, _):
        assert f"says that it has {35 + wrong} records, and gave 35" in refusal(source)


def test_a_roster_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    server = many(links=False)

    def before(asked: Asked) -> Reply | None:
        if asked.query.get("offset") == "20":
            del server.rows["users"][0]
        return None

    server.before = before
    with opened(server, tmp_path, "page_rows: 10") as (source, _):
        assert "users: the source had 35 records, then 34: it changed while it was read" in refusal(source)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply({"users": []}, headers={"X-Total-Count": "many"}), "X-Total-Count is not a whole number"),
        (Reply({"orgs": []}), "no list at users"),
        (Reply({"users": [{}]}, headers={"Link": '<http://169.254.169.254/users>; rel="next"'}), "which is another machine"),
        (Reply({"users": [{}]}, headers={"Link": '<http://127.0.0.1:9/users>; rel="next"'}), "which is another machine"),
        (Reply({}, 403), "may not read this"),
        (Reply({}, 404), "nothing at this path"),
    ],
)
def test_an_answer_that_is_not_oneroster_is_refused(tmp_path: Path, reply: Reply, message: str) -> None:
    server = many(before=lambda asked: reply)
    with opened(server, tmp_path) as (source, _):
        assert message in refusal(source)


def test_a_server_that_does_not_know_offsets_is_refused_rather_than_read_twice(tmp_path: Path) -> None:
    same = Reply({"users": [user(f"u{number}", role("teacher")) for number in range(10)]})
    with opened(many(before=lambda asked: same), tmp_path, "page_rows: 10") as (source, _):
        assert "gave the same page twice" in refusal(source)


# Signing in


def test_a_token_that_ends_in_the_middle_costs_no_record(tmp_path: Path) -> None:
    server = many(token_uses=2)
    with opened(server, tmp_path, "page_rows: 10") as (source, _):
        assert staff_ids(source) == EVERYBODY
    assert len(server.tokens) == 2


def test_the_least_scope_is_asked_for(tmp_path: Path) -> None:
    with opened(many(), tmp_path) as (source, running):
        staff_ids(source)
        assert [asked.form["scope"] for asked in running.asked if asked.path == "/token"] == [CORE]
    auth = OAUTH2.replace("secret:", "scope: another, secret:")
    with opened(many(), tmp_path, auth=auth) as (source, _):
        assert "does not know this key and secret" in refusal(source)


@pytest.mark.parametrize("way", ["oauth1", "bearer"])
def test_wrong_credentials_are_told_without_them(tmp_path: Path, way: str) -> None:
    with oneroster_server(many(auth=way)) as running:
        source = open_source(read(tmp_path, source_file(running.base, auth=WAYS[way])), lambda _: "hunter2")
        assert "does not know these credentials" in refusal(source)


def test_a_signature_holds_for_the_query_that_a_link_brings(tmp_path: Path) -> None:
    server = district_world(auth="oauth1", largest_page=1)
    resources = "{staffs: {filter: \"roles.role='teacher'\"}}"
    with opened(server, tmp_path, resources=resources, auth=WAYS["oauth1"]) as (source, running):
        assert len(staff_ids(source)) == 2
        assert len([asked for asked in running.asked if "filter" in asked.query]) == 3


def test_a_link_that_oauth_cannot_sign_is_refused(tmp_path: Path) -> None:
    link = Reply({"users": [{}]}, headers={"Link": '</users?after="Given">; rel="next"'})
    with opened(many(auth="oauth1", before=lambda _: link), tmp_path, auth=WAYS["oauth1"]) as (source, _):
        assert "not encoded as OAuth 1.0a needs it" in refusal(source)


def test_a_redirect_to_another_machine_is_not_signed(tmp_path: Path) -> None:
    with oneroster_server(many(auth="oauth1")) as there:
        away = Reply({}, 307, {"Location": f"{there.base}/users"})
        more = f"allow_hosts: ['{there.base.removeprefix('http://')}']"
        with opened(many(auth="oauth1", before=lambda _: away), tmp_path, more, auth=WAYS["oauth1"]) as (source, _):
            assert "does not know these credentials" in refusal(source)
        assert {asked.headers.get("authorization") for asked in there.asked} == {None}


# Source files


@pytest.mark.parametrize(
    ("more", "resources", "message"),
    [
        ("", "{candidates: {}}", 'resource candidates lacks "columns"'),
        (
            "",
            "{candidates: {columns: {a: firstName}}}",
            "OneRoster has nothing that the gateway reads as candidates; what it has: staffs, schools",
        ),
        ("", "{schools: {filter: \"type='school'\"}}", "filter chooses users and enrolments, and this resource is made of orgs"),
        ('oneroster: "1.3"', ALL, '"1.3" is not a oneroster: 1.1, 1.2'),
        ('oneroster: "1.1"\nstaff_id: userMasterIdentifier', ALL, "OneRoster 1.1 has no userMasterIdentifier"),
        ("staff_id: email", ALL, '"email" is not a staff_id'),
        ("org_id: name", ALL, '"name" is not a org_id'),
        ("begin_date: soon", ALL, '"soon" is not a day'),
        ("path: https://else.example/x", ALL, "path is what comes after the base"),
        ("page_rows: 0", ALL, '"0" is not a whole number'),
        ("roles: {student: Teacher}", ALL, "student is no role of staff"),
        ("roles: {ext:x: Teacher}\nnot_staff: [ext:x]", ALL, '"ext:x" stands under both roles and not_staff'),
    ],
)
def test_mistakes_in_a_source_file_are_told(tmp_path: Path, more: str, resources: str, message: str) -> None:
    with pytest.raises(FileErrors) as caught:
        read(tmp_path, source_file("https://sis.example", more, resources))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("auth", "message"),
    [
        ("{basic: {user: a, password: {env: S}}}", '"basic" is not a member of auth'),
        ("{}", "auth must say one way to sign in; write one of oauth2, oauth1, bearer under it"),
        ("{oauth1: {key: a}}", 'oauth1 lacks "secret"'),
        ("{oauth1: {key: a, secret: hunter2}}", "secret must say where the secret is"),
    ],
)
def test_mistakes_in_how_to_sign_in_are_told_without_the_secret(tmp_path: Path, auth: str, message: str) -> None:
    with pytest.raises(FileErrors) as caught:
        read(tmp_path, source_file("https://sis.example", auth=auth))
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_path_of_a_server_is_settable_whatever_its_version(tmp_path: Path) -> None:
    server = many(path="/ims/oneroster/v1p1")
    with opened(server, tmp_path, "path: /ims/oneroster/v1p1/") as (source, _):
        assert staff_ids(source) == EVERYBODY


def test_the_mapping_changes_with_the_wording(tmp_path: Path) -> None:
    first = read(tmp_path, source_file("https://sis.example"))
    second = read(tmp_path, source_file("https://sis.example", "begin_date: 2026-07-01"))
    assert first.mapping_of(ASSIGNMENTS) != second.mapping_of(ASSIGNMENTS)


# Faults


@contextmanager
def faulty(folder: Path, fault: Fault, way: str, paging: str, *, stays: bool) -> Iterator[Any]:
    """A source whose second page of users meets a fault, once or whenever it is asked for."""
    second = "users?limit=10&offset=10"
    with oneroster_server(many(auth=way, **PAGING[paging])) as running, fault_proxy(running.base) as proxy:
        proxy.put(fault, path_has(second), 99 if stays else 1)
        more = "page_rows: 10\nlimits: {tries: 2, seconds: 1, response_bytes: 1000000}"
        text = source_file(proxy.base, more, auth=WAYS[way]).replace("limits: {tries: 3}\n", "", 1)
        yield open_source(read(folder, text), lambda _: SECRET)
        assert any(second in seen.path for seen in proxy.seen)


@pytest.mark.parametrize(
    ("way", "paging"), [("oauth2", "links"), ("oauth1", "offsets until a short page"), ("oauth2", "offsets with a count")]
)
@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.DOWN, Fault.CUT, Fault.DRIP, Fault.CUT_GZIP])
def test_a_trouble_that_passes_costs_no_record(tmp_path: Path, fault: Fault, way: str, paging: str) -> None:
    with faulty(tmp_path, fault, way, paging, stays=False) as source:
        assert staff_ids(source) == EVERYBODY


@pytest.mark.parametrize("paging", ["links", "offsets until a short page"])
@pytest.mark.parametrize(
    "fault",
    [
        *(Fault.SAME_PAGE, Fault.HTML, Fault.CUT_JSON, Fault.BAD_UTF8, Fault.NAN, Fault.PARTIAL, Fault.BOMB, Fault.NESTED_BOMB),
        *(Fault.TO_LOOPBACK, Fault.TO_METADATA, Fault.ENDLESS, Fault.IN_A_CIRCLE, Fault.EXPIRED, Fault.DOWN),
    ],
)
def test_a_trouble_that_stays_stops_the_source(tmp_path: Path, fault: Fault, paging: str) -> None:
    with faulty(tmp_path, fault, "bearer", paging, stays=True) as source:
        assert refusal(source)
