"""OneRoster services and bundles become staff, schools, agencies and assignments of the catalog; students never do."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, RequestValidator, SignatureOnlyEndpoint

from connectors import http as http_module
from connectors import tokens
from connectors.base import Connector, Incremental
from connectors.kinds import open_source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.domain.records import EducationRecord
from gateway.errors import FileErrors, IngestError
from gateway.normalise import normalise
from tests.json_server import Asked, Reply, json_server

CATALOG = load_catalog()
KEY, SECRET = "integrator", "s3cret"
BASE = "/ims/oneroster/rostering/v1p2"
TEACHER = "uri://ed-fi.org/StaffClassificationDescriptor#Teacher"


def user(number: int, *roles: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "sourcedId": f"u{number}",
        "status": "active",
        "enabledUser": "true",
        "identifier": f"T{number}",
        "givenName": f"Ann{number}",
        "familyName": "Lee",
        "username": f"ann{number}",
        "roles": list(roles),
        **more,
    }


def role(word: str, org: str, begin: str | None = "2026-08-01") -> dict[str, Any]:
    return {"roleType": "primary", "role": word, "org": {"href": "x", "sourcedId": org, "type": "org"}, "beginDate": begin}


ORGS = [
    {"sourcedId": "d1", "status": "active", "name": "Riverton", "type": "district", "identifier": "255901"},
    {
        "sourcedId": "s1",
        "status": "active",
        "name": "North",
        "type": "school",
        "identifier": "255901001",
        "parent": {"sourcedId": "d1"},
    },
    {"sourcedId": "s2", "status": "tobedeleted", "name": "Old", "type": "school", "identifier": "255901002"},
    {"sourcedId": "x1", "status": "active", "name": "Maths", "type": "department", "identifier": "9"},
]
PEOPLE = [
    user(1, role("teacher", "s1"), role("ext:mentorTeacher", "s1")),
    user(2, role("principal", "s1", None), middleName="Q", preferredFirstName="Bo"),
    user(3, role("student", "s1")),
    user(4, role("teacher", "s1"), status="tobedeleted"),
    user(5, role("aide", "d1")),
]


@pytest.fixture(autouse=True)
def no_waits_and_no_tokens(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    usual = http_module.HttpLimits
    monkeypatch.setattr("connectors.http_rules.HttpLimits", lambda *_, **__: usual(300_000, 2.0, 2, 0.01))
    tokens._KEPT.clear()
    yield
    tokens._KEPT.clear()


def service(people: list[dict[str, Any]] = PEOPLE, *, links: bool = False, counted: bool = True) -> Callable[[Asked], Reply]:
    """A service that pages as the specification says: by offsets, with or without `Link` and `X-Total-Count`."""

    def answer(asked: Asked) -> Reply:
        collection = asked.path.rpartition("/")[2]
        items, wrapped = (ORGS, "orgs") if collection == "orgs" else (people, "users")
        limit, offset = int(asked.query.get("limit", 100)), int(asked.query.get("offset", 0))
        headers = {"X-Total-Count": str(len(items))} if counted else {}
        if links:
            more = f'<{asked.path}?limit={limit}&offset={offset + limit}>; rel="next", ' if offset + limit < len(items) else ""
            headers["Link"] = f'{more}<{asked.path}?limit={limit}&offset=0>; rel="first"'
        return Reply({wrapped: items[offset : offset + limit]}, headers=headers)

    return answer


def opened(folder: Path, base: str, more: str = "", auth: str = "{bearer: {env: T}}") -> Connector:
    text = f"""version: 1
id: roster
provider: riverton
maintainer: {{kind: district}}
kind: oneroster
base: {base}{BASE}
auth: {auth}
{more}
resources:
  staffs: {{}}
  schools: {{}}
  localEducationAgencies: {{}}
  staffEducationOrganizationAssignmentAssociations: {{}}
"""
    return written(folder, text)


def written(folder: Path, text: str) -> Connector:
    file = folder / "roster.source.yaml"
    file.write_text(text, encoding="utf-8")
    return open_source(read_source(file, CATALOG, {}), lambda _: SECRET)


def pulled(source: Connector, resource: str) -> tuple[list[Mapping[Any, Any]], list[str]]:
    """What fits the catalog, and the codes of what does not."""
    found, codes = [], []
    known = CATALOG.resources[ResourceName(resource)]
    for page in source.pull(ResourceName(resource)):
        assert not page.unaccounted()
        codes += [rejection.code for rejection in page.rejections]
        for raw in page.records:
            outcome = normalise(raw, known, frozenset(element.path for element in known.every_element()))
            if isinstance(outcome, EducationRecord):
                found.append(outcome.elements)
            else:
                codes.append(outcome.code)
    return found, codes


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("rows", [1, 2, 5, 100])
def test_every_way_through_the_pages_gives_the_same(tmp_path: Path, links: bool, counted: bool, rows: int) -> None:
    with json_server(service(links=links, counted=counted)) as server:
        source = opened(tmp_path, server.base, f"page_rows: {rows}")
        staff, codes = pulled(source, "staffs")
        assert [one["staffUniqueId"] for one in staff] == ["T1", "T2", "T5"]
        assert not codes
        assert dict(staff[1]) == {
            "staffUniqueId": "T2",
            "firstName": "Ann2",
            "middleName": "Q",
            "lastSurname": "Lee",
            "preferredFirstName": "Bo",
            "loginId": "ann2",
        }
        assert {asked.path for asked in server.asked} == {f"{BASE}/teachers"}


def test_schools_know_their_agency_and_what_is_gone_is_left_out(tmp_path: Path) -> None:
    with json_server(service()) as server:
        source = opened(tmp_path, server.base)
        assert pulled(source, "schools")[0] == [
            {"schoolId": 255901001, "nameOfInstitution": "North", "localEducationAgencyReference.localEducationAgencyId": 255901}
        ]
        assert pulled(source, "localEducationAgencies")[0] == [{"localEducationAgencyId": 255901, "nameOfInstitution": "Riverton"}]


def test_each_role_of_staff_is_an_assignment_and_one_without_a_beginning_is_refused(tmp_path: Path) -> None:
    with json_server(service()) as server:
        found, codes = pulled(opened(tmp_path, server.base), "staffEducationOrganizationAssignmentAssociations")
    assert [(one["staffReference.staffUniqueId"], one["staffClassificationDescriptor"]) for one in found] == [
        ("T1", TEACHER),
        ("T1", "uri://imsglobal.org/OneRosterRole#ext:mentorTeacher"),
        ("T5", "uri://ed-fi.org/StaffClassificationDescriptor#Instructional Aide"),
    ]
    assert {one["educationOrganizationReference.educationOrganizationId"] for one in found} == {255901001, 255901}
    assert codes == ["missing_identity"]


def test_a_source_file_may_say_since_when(tmp_path: Path) -> None:
    with json_server(service()) as server:
        source = opened(tmp_path, server.base, "begin_date: 2026-07-01")
        found, codes = pulled(source, "staffEducationOrganizationAssignmentAssociations")
    assert [one["beginDate"] for one in found if one["staffReference.staffUniqueId"] == "T2"] == ["2026-07-01"]
    assert not codes


def test_version_one_point_one_says_role_and_organisations_otherwise(tmp_path: Path) -> None:
    old = [
        {**user(1), "role": "teacher", "orgs": [{"sourcedId": "s1"}]},
        {**user(2), "role": "student", "orgs": [{"sourcedId": "s1"}]},
    ]
    for one in old:
        del one["roles"]
    with json_server(service(old)) as server:
        source = opened(tmp_path, server.base, "begin_date: 2026-07-01")
        assert [one["staffUniqueId"] for one in pulled(source, "staffs")[0]] == ["T1"]
        [assignment] = pulled(source, "staffEducationOrganizationAssignmentAssociations")[0]
    assert assignment["educationOrganizationReference.educationOrganizationId"] == 255901001


def test_a_service_that_gives_less_than_it_counts_is_not_read(tmp_path: Path) -> None:
    def short(asked: Asked) -> Reply:
        return Reply({"users": PEOPLE[:2]}, headers={"X-Total-Count": "5"})

    with json_server(short) as server, pytest.raises(IngestError, match="says that it has 5 items, and gave 2"):
        pulled(opened(tmp_path, server.base), "staffs")


@pytest.mark.parametrize("body", [{"users": [1]}, {"teachers": []}, [], {"users": None}])
def test_what_is_no_list_of_objects_is_not_read(tmp_path: Path, body: object) -> None:
    with json_server(lambda _: Reply(body)) as server, pytest.raises(IngestError):
        pulled(opened(tmp_path, server.base), "staffs")


def test_a_token_that_ends_between_two_pages_is_asked_for_again(tmp_path: Path) -> None:
    given: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            assert asked.form["scope"] == "roster-core.readonly"
            given.append(f"t{len(given)}")
            return Reply({"access_token": given[-1], "token_type": "bearer", "expires_in": 3600})
        current = "t0" if asked.query["offset"] == "0" else "t1"
        return service()(asked) if asked.headers["authorization"] == f"Bearer {current}" else Reply({}, 401)

    with json_server(answer) as server:
        auth = f"{{oauth2: {{token_url: {server.base}/token, key: k, secret: {{env: S}}, scope: roster-core.readonly}}}}"
        source = opened(tmp_path, server.base, "page_rows: 3", auth)
        assert len(pulled(source, "staffs")[0]) == 3
    assert given == ["t0", "t1"]


class Validator(RequestValidator):
    """The service's side of OAuth 1.0a, by the library's own."""

    enforce_ssl = False
    client_key_length = nonce_length = (1, 50)
    allowed_signature_methods = (SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256)
    dummy_client = "nobody"

    def __init__(self) -> None:
        super().__init__()
        self.nonces: set[str] = set()

    def validate_client_key(self, client_key: str, request: Any) -> bool:
        return client_key == KEY

    def get_client_secret(self, client_key: str, request: Any) -> str:
        return SECRET

    def validate_timestamp_and_nonce(self, client_key: str, timestamp: Any, nonce: str, request: Any, *_: Any, **__: Any) -> bool:
        fresh = nonce not in self.nonces
        self.nonces.add(nonce)
        return fresh


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
def test_each_request_is_signed_anew_with_its_query(tmp_path: Path, method: str) -> None:
    endpoint = SignatureOnlyEndpoint(Validator())

    def answer(asked: Asked) -> Reply:
        address = f"http://{asked.host}{asked.path}?" + "&".join(f"{name}={text}" for name, text in asked.query.items())
        valid, _ = endpoint.validate_request(address, "GET", None, {"Authorization": asked.headers["authorization"]})
        assert f'oauth_signature_method="{method}"' in asked.headers["authorization"]
        return service(links=True)(asked) if valid else Reply({}, 401)

    with json_server(answer) as server:
        auth = f"{{oauth1: {{key: {KEY}, secret: {{env: S}}, signature: {method}}}}}"
        assert len(pulled(opened(tmp_path, server.base, "page_rows: 2", auth), "staffs")[0]) == 3


def test_a_wrong_secret_is_told_without_it(tmp_path: Path) -> None:
    with json_server(lambda _: Reply({}, 401)) as server, pytest.raises(IngestError, match="credentials") as told:
        pulled(opened(tmp_path, server.base, auth=f"{{oauth1: {{key: {KEY}, secret: {{env: S}}}}}}"), "staffs")
    assert SECRET not in str(told.value)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("staff_id: email", "staff_id"),
        ("begin_date: 1 August", "is not a day"),
        ("users: students", "users"),
    ],
)
def test_a_mistake_in_a_source_file_is_told(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(FileErrors) as caught:
        opened(tmp_path, "https://x.example", more)
    assert any(told in problem.message for problem in caught.value.problems)


def test_what_oneroster_has_nothing_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileErrors) as caught:
        written(tmp_path, HEAD.format(folder=tmp_path) + "  candidates: {columns: {x: candidateIdentifier}}\n")
    assert "OneRoster has nothing for candidates" in str(caught.value.problems[0].message)


# Bundles

HEAD = """version: 1
id: bundles
provider: riverton
maintainer: {{kind: district}}
kind: oneroster-csv
place: {{folder: {folder}}}
resources:
  staffs: {{}}
  schools: {{}}
  staffEducationOrganizationAssignmentAssociations: {{}}
"""
USERS = "sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName,identifier".split(",")
OLD_USERS = [*USERS, "role", "orgSourcedIds"]
ROLES = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId".split(",")
CSV_ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId".split(",")
ANN = ["u1", "", "", "true", "ann", "Ann", "Lee", "T1"]
BO = ["u2", "", "", "true", "bo", "Bo", "Ng", "T2"]
CHANGED = "2026-11-02T00:00:00Z"
ANN_TEACHES = ["r1", "", "", "u1", "primary", "teacher", "2026-08-01", "", "s1"]
NORTH = [["d1", "", "", "Riverton", "district", "255901", ""], ["s1", "", "", "North", "school", "255901001", "d1"]]


def bundle(folder: Path, day: str, version: str = "1.2", mode: str = "bulk", **files: tuple[list[str], list[list[str]]]) -> None:
    rows = [["propertyName", "value"], ["manifest.version", "1.0"], ["oneroster.version", version]]
    rows += [[f"file.{name}", mode if name in files else "absent"] for name in ("users", "orgs", "roles", "classes")]
    with zipfile.ZipFile(folder / f"oneroster_{day}.zip", "w") as archive:
        archive.writestr("manifest.csv", text(rows))
        for name, (header, content) in files.items():
            archive.writestr(f"{name}.csv", text([header, *content]))


def text(rows: list[list[str]]) -> str:
    written_ = io.StringIO()
    csv.writer(written_).writerows(rows)
    return written_.getvalue()


def bundles(folder: Path) -> Connector:
    return written(folder, HEAD.format(folder=folder))


def names(source: Connector) -> list[str]:
    found, codes = pulled(source, "staffs")
    assert not codes
    return [f"{one['staffUniqueId']} {one['lastSurname']}" for one in found]


def test_a_whole_bundle_is_read(tmp_path: Path) -> None:
    bundle(tmp_path, "1", users=(USERS, [ANN, BO]), roles=(ROLES, [ANN_TEACHES]), orgs=(CSV_ORGS, NORTH))
    source = bundles(tmp_path)
    assert names(source) == ["T1 Lee"]
    [assignment] = pulled(source, "staffEducationOrganizationAssignmentAssociations")[0]
    assert (assignment["staffClassificationDescriptor"], assignment["beginDate"]) == (TEACHER, "2026-08-01")
    assert [school["localEducationAgencyReference.localEducationAgencyId"] for school in pulled(source, "schools")[0]] == [255901]


def test_later_changes_lie_over_it_in_their_order(tmp_path: Path) -> None:
    teach = [[f"r{n}", "", "", f"u{n}", "primary", "teacher", "2026-08-01", "", "s1"] for n in (1, 2, 3)]
    bundle(tmp_path, "1", users=(USERS, [ANN, BO]), roles=(ROLES, teach), orgs=(CSV_ORGS, NORTH))
    cy = ["u3", "active", CHANGED, "true", "cy", "Cy", "Oh", "T3"]
    wed = ["u1", "active", CHANGED, "true", "ann", "Ann", "Lee-Ng", "T1"]
    bundle(tmp_path, "2", mode="delta", users=(USERS, [wed, cy, ["u2", "tobedeleted", CHANGED, "true", "bo", "Bo", "Ng", "T2"]]))
    assert names(bundles(tmp_path)) == ["T1 Lee-Ng", "T3 Oh"]
    bundle(tmp_path, "3", mode="delta", users=(USERS, [["u2", "active", CHANGED, "true", "bo", "Bo", "Back", "T2"]]))
    assert sorted(names(bundles(tmp_path))) == ["T1 Lee-Ng", "T2 Back", "T3 Oh"]
    bundle(tmp_path, "4", users=(USERS, [BO]), roles=(ROLES, teach), orgs=(CSV_ORGS, NORTH))
    assert names(bundles(tmp_path)) == ["T2 Ng"]


def test_version_one_point_one_has_roles_beside_the_names(tmp_path: Path) -> None:
    people = [[*ANN, "teacher", "s1,d1"], [*BO, "student", "s1"]]
    bundle(tmp_path, "1", "1.1", users=(OLD_USERS, people), orgs=(CSV_ORGS, NORTH))
    (tmp_path / "roster.source.yaml").unlink(missing_ok=True)
    source = written(tmp_path, HEAD.format(folder=tmp_path) + "begin_date: 2026-08-01\n")
    assert names(source) == ["T1 Lee"]
    assert len(pulled(source, "staffEducationOrganizationAssignmentAssociations")[0]) == 2


def test_changes_alone_are_told(tmp_path: Path) -> None:
    bundle(tmp_path, "1", mode="delta", users=(USERS, [ANN]), roles=(ROLES, [ANN_TEACHES]), orgs=(CSV_ORGS, NORTH))
    with pytest.raises(IngestError, match=r"No bundle has users\.csv, orgs\.csv, roles\.csv whole"):
        names(bundles(tmp_path))


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"users": (USERS, [ANN[:3]])}, r"users\.csv:2: the row has 3 cells, the header 8"),
        ({"users": (USERS, [["", *ANN[1:]]])}, r"users\.csv:2: the row has no sourcedId"),
    ],
)
def test_a_bundle_with_a_broken_row_is_not_read_and_says_where(tmp_path: Path, files: Any, told: str) -> None:
    bundle(tmp_path, "1", **{"roles": (ROLES, [ANN_TEACHES]), "orgs": (CSV_ORGS, NORTH), **files})
    with pytest.raises(IngestError, match=told):
        names(bundles(tmp_path))


@pytest.mark.parametrize(("version", "mode"), [("1.0", "bulk"), ("1.2", "partial"), ("", "bulk")])
def test_a_manifest_that_says_something_else_is_told(tmp_path: Path, version: str, mode: str) -> None:
    bundle(tmp_path, "1", version, mode, users=(USERS, [ANN]), roles=(ROLES, [ANN_TEACHES]), orgs=(CSV_ORGS, NORTH))
    with pytest.raises(IngestError, match=r"manifest\.csv"):
        names(bundles(tmp_path))


def test_nothing_is_read_again_until_a_bundle_comes(tmp_path: Path) -> None:
    bundle(tmp_path, "1", users=(USERS, [ANN]), roles=(ROLES, [ANN_TEACHES]), orgs=(CSV_ORGS, NORTH))
    source, staffs = bundles(tmp_path), ResourceName("staffs")
    assert isinstance(source, Incremental)
    before = source.position(staffs)
    assert before is not None
    assert list(source.changes(staffs, before, before)) == []
    bundle(tmp_path, "2", mode="delta", users=(USERS, []))
    assert source.position(staffs) != before
