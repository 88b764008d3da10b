"""OneRoster CSV bundles as a source: 1.1 and 1.2, zip or folder, the whole with what later bundles change of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Incremental, Page, PositionExpired
from connectors.kinds import open_source
from connectors.source import Source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.errors import FileErrors, IngestError
from tests.oneroster_bundles import Rows, files, write

CATALOG = load_catalog()
STAFFS, SCHOOLS, DISTRICTS = ResourceName("staffs"), ResourceName("schools"), ResourceName("localEducationAgencies")
ASSIGNMENTS = ResourceName("staffEducationOrganizationAssignmentAssociations")
ORGS: Rows = [
    {"sourcedId": "d", "name": "The district", "type": "district", "identifier": "4800"},
    {"sourcedId": "s1", "name": "North", "type": "school", "identifier": "4801", "parentSourcedId": "d"},
    {"sourcedId": "s2", "name": "South", "type": "school", "identifier": "4802", "parentSourcedId": "d"},
]


def person(sourced_id: str, **more: str) -> dict[str, str]:
    names = {"givenName": f"Given {sourced_id}", "familyName": f"Family {sourced_id}", "identifier": f"S-{sourced_id}"}
    return {"sourcedId": sourced_id, "enabledUser": "true", **names, **more}


def work(sourced_id: str, user: str, role: str, org: str = "s1", **more: str) -> dict[str, str]:
    named = {"userSourcedId": user, "role": role, "orgSourcedId": org, "roleType": "primary", "beginDate": "2024-08-01"}
    return {"sourcedId": sourced_id, **named, **more}


USERS: Rows = [person("ann", preferredGivenName="Nan", password="hunter2"), person("bob"), person("cy"), person("di")]
ROLES: Rows = [
    work("r1", "ann", "teacher"),
    work("r2", "bob", "student"),
    work("r3", "cy", "principal", "s2", endDate="2026-06-30"),
    work("r4", "ann", "counselor", "s2", roleType="secondary"),
    work("r5", "di", "parent"),
]
WHOLE = files("1.2", "bulk", orgs=ORGS, users=USERS, roles=ROLES)
LATER = {"dateLastModified": "2026-07-02T00:00:00.000Z"}
OLD: Rows = [
    person("ann", role="teacher", orgSourcedIds="s1,s2"),
    person("bob", role="student", orgSourcedIds="s1"),
    person("cy", role="administrator", orgSourcedIds="d"),
]


def source_file(more: str = "", bundle: str = "oneroster-*.zip", resources: str = "") -> str:
    every = f"{{staffs: {{}}, schools: {{}}, localEducationAgencies: {{}}, {ASSIGNMENTS}: {{}}}}"
    return f"""version: 1
id: rosters
provider: riverton
maintainer: {{kind: district}}
kind: oneroster-csv
place: {{folder: in}}
bundle: "{bundle}"
{more}
resources: {resources or every}
"""


def read(folder: Path, body: str) -> Source:
    file = folder / "rosters.source.yaml"
    file.write_text(body, encoding="utf-8")
    return read_source(file, CATALOG, {})


def opened(folder: Path, more: str = "", bundle: str = "oneroster-*.zip", resources: str = "") -> Any:
    (folder / "in").mkdir(exist_ok=True)
    return open_source(read(folder, source_file(more, bundle, resources)), lambda _: "")


def put(folder: Path, day: str, content: dict[str, Any]) -> None:
    (folder / "in").mkdir(exist_ok=True)
    write(folder / "in" / f"oneroster-{day}.zip", content)


def pulled(source: Any, resource: ResourceName) -> list[Page]:
    pages = list(source.pull(resource))
    assert not any(page.unaccounted() for page in pages)
    return pages


def values(source: Any, resource: ResourceName, *paths: str) -> list[tuple[str, ...]]:
    """Texts of every record of a pull without a rejection."""
    pages = pulled(source, resource)
    assert [found for page in pages for found in page.rejections] == []
    return [tuple(record.elements[ElementPath(path)] for path in paths) for page in pages for record in page.records]


def staff(source: Any) -> list[str]:
    return [found for (found,) in values(source, STAFFS, "staffUniqueId")]


def assignments(source: Any) -> list[tuple[str, ...]]:
    paths = ("staffReference.staffUniqueId", "educationOrganizationReference.educationOrganizationId", "beginDate", "endDate")
    found = values(source, ASSIGNMENTS, *paths, "staffClassificationDescriptor")
    return [(*others, kind.partition("#")[2]) for *others, kind in found]


def refused(source: Any, resource: ResourceName) -> list[tuple[str, int, str, str]]:
    pages = pulled(source, resource)
    return [(r.location.file, r.location.line, r.column, r.code) for page in pages for r in page.rejections]


def refusal(source: Any, resource: ResourceName = STAFFS) -> str:
    with pytest.raises(IngestError) as caught:
        list(source.pull(resource))
    assert "Given" not in str(caught.value)
    return str(caught.value)


# Whole bundles


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_a_whole_bundle_is_read_in_the_catalogs_words(tmp_path: Path, form: str) -> None:
    bundle = "oneroster-*.zip" if form == "zip" else "manifest.csv"
    write(tmp_path / "in" if form == "folder" else _made(tmp_path / "in") / "oneroster-1.zip", WHOLE)
    source = opened(tmp_path, bundle=bundle)
    assert values(source, STAFFS, "staffUniqueId", "firstName", "lastSurname", "preferredFirstName") == [
        ("S-ann", "Given ann", "Family ann", "Nan"),
        ("S-cy", "Given cy", "Family cy", ""),
    ]
    assert assignments(source) == [
        ("S-ann", "4801", "2024-08-01", "", "Teacher"),
        ("S-cy", "4802", "2024-08-01", "2026-06-30", "Principal"),
        ("S-ann", "4802", "2024-08-01", "", "Counselor"),
    ]
    district = "localEducationAgencyReference.localEducationAgencyId"
    assert values(source, SCHOOLS, "schoolId", "nameOfInstitution", district) == [
        ("4801", "North", "4800"),
        ("4802", "South", "4800"),
    ]
    assert values(source, DISTRICTS, "localEducationAgencyId", "nameOfInstitution") == [("4800", "The district")]
    assert source.unmapped() == {}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_bundle_of_version_1_1_has_its_roles_in_its_users(tmp_path: Path) -> None:
    put(tmp_path, "1", files("1.1", "bulk", orgs=ORGS, users=OLD))
    source = opened(tmp_path, "begin_date: 2026-07-01")
    assert staff(source) == ["S-ann", "S-cy"]
    assert assignments(source) == [
        ("S-ann", "4801", "2026-07-01", "", "Teacher"),
        ("S-ann", "4802", "2026-07-01", "", "Teacher"),
        ("S-cy", "4800", "2026-07-01", "", "LEA Administrator"),
    ]


def test_of_several_whole_bundles_the_last_by_name_is_read(tmp_path: Path) -> None:
    put(tmp_path, "20260701", WHOLE)
    put(tmp_path, "20260702", files("1.2", "bulk", orgs=ORGS, users=[person("zoe")], roles=[work("r", "zoe", "teacher")]))
    assert staff(opened(tmp_path)) == ["S-zoe"]


def test_what_is_to_be_deleted_is_left_out_of_a_whole_bundle(tmp_path: Path) -> None:
    users = [person("ann", status="tobedeleted"), person("cy"), person("flo")]
    roles = [*ROLES[:1], work("r3", "cy", "principal", "s2"), work("r6", "cy", "teacher", status="tobedeleted")]
    roles.append(work("r7", "flo", "teacher", status="tobedeleted"))
    put(tmp_path, "1", files("1.2", "bulk", orgs=ORGS, users=users, roles=roles))
    source = opened(tmp_path)
    assert staff(source) == ["S-cy"]
    assert assignments(source) == [("S-cy", "4802", "2024-08-01", "", "Principal")]


def test_metadata_columns_can_be_mapped_and_others_are_drift(tmp_path: Path) -> None:
    users = [person("ann", **{"metadata.former": "Smith", "shoeSize": "44", "password": "hunter2"})]
    put(tmp_path, "1", files("1.2", "bulk", orgs=ORGS, users=users, roles=ROLES[:1]))
    source = opened(tmp_path, resources="{staffs: {columns: {metadata.former: maidenName, password: loginId}}}")
    assert values(source, STAFFS, "maidenName", "loginId") == [("Smith", "")]
    assert source.unmapped() == {"users.csv": ("shoeSize",)}


# Rows that cannot be taken


def test_rows_are_refused_by_their_line(tmp_path: Path) -> None:
    ragged = WHOLE["users.csv"] + "x,y\r\n"
    put(tmp_path, "1", {**WHOLE, "users.csv": ragged})
    assert refused(opened(tmp_path), STAFFS) == [("users.csv", 6, "", "ragged_row")]
    assert refused(opened(tmp_path), ASSIGNMENTS) == []


def test_a_cell_that_is_not_utf_8_is_refused_where_it_is_staffs(tmp_path: Path) -> None:
    latin = WHOLE["users.csv"].replace("Given ann", "Ren\xe9e").replace("Given bob", "Andr\xe9").encode("latin-1")
    put(tmp_path, "1", {**WHOLE, "users.csv": latin})
    source = opened(tmp_path)
    assert refused(source, STAFFS) == [("users.csv", 2, "givenName", "undecodable")]
    [partial] = [record for page in pulled(source, STAFFS) for record in page.partial]
    assert partial.elements[ElementPath("staffUniqueId")] == "S-ann", "so that she is not taken for deleted"


def test_a_user_of_version_1_1_whose_cell_is_damaged_has_no_assignment_that_is_believed(tmp_path: Path) -> None:
    content = files("1.1", "bulk", orgs=ORGS, users=[{**OLD[0], "phone": "A\xe9"}, OLD[2]])
    put(tmp_path, "1", {**content, "users.csv": content["users.csv"].encode("latin-1")})
    found = refused(opened(tmp_path, "begin_date: 2026-07-01"), ASSIGNMENTS)
    assert found == [("roles", 1, "", "undecodable"), ("roles", 2, "", "undecodable")]


def test_a_bundle_may_begin_with_a_byte_order_mark_and_may_not_be_utf_16(tmp_path: Path) -> None:
    put(tmp_path, "1", {name: b"\xef\xbb\xbf" + text.encode() for name, text in WHOLE.items()})
    assert staff(opened(tmp_path)) == ["S-ann", "S-cy"]
    put(tmp_path, "2", {name: text.encode("utf-16") for name, text in WHOLE.items()})
    assert "begins with a utf-16 mark" in refusal(opened(tmp_path))


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (work("x", "nobody", "teacher"), [("roles", 7, "", "unknown_user")]),
        (work("x", "ann", "teacher", "nowhere"), [("roles", 7, "", "unknown_org")]),
        (work("x", "ann", "teacher", beginDate=""), [("roles", 7, "beginDate", "no_begin_date")]),
        (work("x", "ann", "ext:coach"), [("roles", 7, "", "unknown_role")]),
        (work("x", "nobody", "student"), []),
    ],
)
def test_roles_that_cannot_be_taken_are_told(tmp_path: Path, role: dict[str, str], expected: list[Any]) -> None:
    put(tmp_path, "1", files("1.2", "bulk", orgs=ORGS, users=USERS, roles=[*ROLES, role]))
    source = opened(tmp_path)
    assert refused(source, ASSIGNMENTS) == expected
    assert sum(len(page.records) for page in pulled(source, ASSIGNMENTS)) == 3


def test_an_org_without_a_type_is_told_because_it_may_be_a_school(tmp_path: Path) -> None:
    orgs = [*ORGS, {"sourcedId": "s3", "name": "East", "type": "", "identifier": "4803"}]
    put(tmp_path, "1", files("1.2", "bulk", orgs=orgs, users=USERS, roles=ROLES))
    assert refused(opened(tmp_path), SCHOOLS) == [("orgs.csv", 5, "", "no_type")]


def test_who_is_staff_is_not_guessed_from_a_damaged_file_of_roles(tmp_path: Path) -> None:
    put(tmp_path, "1", {**WHOLE, "roles.csv": WHOLE["roles.csv"] + "x,y\r\n"})
    source = opened(tmp_path)
    assert "roles.csv:7: the row has 2 cells, the header 10. It decides who is staff" in refusal(source)
    assert refused(source, ASSIGNMENTS) == [("roles", 7, "", "ragged_row")]


# Changes


def changed(**content: Rows) -> dict[str, str]:
    return files("1.2", "delta", **{name: [{**LATER, **row} for row in rows] for name, rows in content.items()})


def test_changes_are_applied_to_the_whole_that_they_go_with(tmp_path: Path) -> None:
    put(tmp_path, "20260701", WHOLE)
    put(
        tmp_path,
        "20260702",
        changed(
            users=[
                person("cy", status="tobedeleted"),
                person("eve", status="active"),
                person("ann", status="active", givenName="A"),
            ],
            roles=[work("r7", "eve", "aide", "s2", status="active"), work("r4", "ann", "counselor", status="tobedeleted")],
        ),
    )
    put(tmp_path, "20260703", changed(users=[person("ann", status="active", givenName="Annie")]))
    source = opened(tmp_path)
    assert values(source, STAFFS, "staffUniqueId", "firstName") == [("S-ann", "Annie"), ("S-eve", "Given eve")]
    assert assignments(source) == [
        ("S-ann", "4801", "2024-08-01", "", "Teacher"),
        ("S-eve", "4802", "2024-08-01", "", "Instructional Aide"),
    ]


def test_changes_and_the_whole_that_follows_make_the_same_records(tmp_path: Path) -> None:
    put(tmp_path, "1", WHOLE)
    put(tmp_path, "2", changed(users=[person("eve", status="active")], roles=[work("r7", "eve", "aide", status="active")]))
    source = opened(tmp_path)
    by_changes = sorted(staff(source)), sorted(assignments(source))
    users, roles = [*USERS, person("eve")], [*ROLES, work("r7", "eve", "aide")]
    put(tmp_path, "3", files("1.2", "bulk", orgs=ORGS, users=users, roles=roles))
    source = opened(tmp_path)
    assert (sorted(staff(source)), sorted(assignments(source))) == by_changes


def test_changes_without_a_whole_before_them_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "1", changed(users=[person("ann", status="active")]))
    message = refusal(opened(tmp_path))
    assert "oneroster-1.zip holds only changes of roles.csv, and no bundle before it has it whole (bulk)" in message


@pytest.mark.parametrize("row", [person("ann", status=""), person("ann", status="paused"), person("", status="active")])
def test_a_change_that_is_not_understood_is_refused_with_its_line(tmp_path: Path, row: dict[str, str]) -> None:
    put(tmp_path, "1", WHOLE)
    put(tmp_path, "2", changed(users=[person("di", status="active"), row]))
    assert "users.csv:3 of oneroster-2.zip: a change must be a row that can be read" in refusal(opened(tmp_path))


def test_changes_of_another_version_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "1", files("1.1", "bulk", orgs=ORGS, users=OLD))
    put(tmp_path, "2", changed(users=[person("ann", status="active")], roles=[]))
    assert "oneroster-1.zip is of OneRoster 1.1 and oneroster-2.zip of 1.2" in refusal(opened(tmp_path))


def test_nothing_is_read_again_while_no_bundle_changed(tmp_path: Path) -> None:
    put(tmp_path, "1", WHOLE)
    source = opened(tmp_path)
    assert isinstance(source, Incremental)
    before = source.position(STAFFS)
    assert before is not None
    assert list(source.changes(STAFFS, before, before)) == []
    put(tmp_path, "2", changed(users=[person("ann", status="active")]))
    after = source.position(STAFFS)
    assert after is not None
    with pytest.raises(PositionExpired):
        list(source.changes(STAFFS, before, after))


def test_a_folder_changes_with_each_of_its_files(tmp_path: Path) -> None:
    write(tmp_path / "in", WHOLE)
    source = opened(tmp_path, bundle="manifest.csv")
    before = source.position(STAFFS)
    (tmp_path / "in" / "users.csv").write_text(WHOLE["users.csv"] + "\r\n", encoding="utf-8")
    assert source.position(STAFFS) != before
    assert "users.csv" in list(source.offers())


def test_folders_of_days_are_bundles_too(tmp_path: Path) -> None:
    write(tmp_path / "in" / "20260701", WHOLE)
    write(tmp_path / "in" / "20260702", changed(users=[person("cy", status="tobedeleted")]))
    assert staff(opened(tmp_path, bundle="*/manifest.csv")) == ["S-ann"]


# Bundles that are refused


def test_what_a_manifest_says_is_missing_or_absent_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "1", {name: text for name, text in WHOLE.items() if name != "roles.csv"})
    assert "oneroster-1.zip holds no roles.csv" in refusal(opened(tmp_path))
    put(tmp_path, "2", files("1.2", "bulk", orgs=ORGS, users=USERS))
    source = opened(tmp_path)
    assert "oneroster-2.zip: the manifest says that roles.csv is absent" in refusal(source)
    assert len(values(source, SCHOOLS, "schoolId")) == 2, "what is there is read"


def test_a_folder_without_a_file_that_its_manifest_names_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "in", WHOLE)
    (tmp_path / "in" / "orgs.csv").unlink()
    assert "orgs.csv is missing, and the manifest says that it is there" in refusal(
        opened(tmp_path, bundle="manifest.csv"), SCHOOLS
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("file.users,bulk", "file.users,whole", "manifest.csv of oneroster-1.zip:6: a file is absent, bulk or delta"),
        ("file.users,bulk", "file.orgs,bulk", ":6: a property stands there twice"),
        ("file.users,bulk", "file.users", ":6: the line is no property and value"),
        ("oneroster.version,1.2", "oneroster.version,2.0", "oneroster.version one of 1.1, 1.2"),
        ("manifest.version,1.0", "manifest.version,2.0", "manifest.version must be 1.0"),
        ("propertyName,value", "property,value", "has not the columns propertyName and value"),
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in WHOLE["manifest.csv"]
    put(tmp_path, "1", {**WHOLE, "manifest.csv": WHOLE["manifest.csv"].replace(old, new)})
    assert message in refusal(opened(tmp_path))


def test_a_file_without_a_column_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "1", {**WHOLE, "users.csv": WHOLE["users.csv"].replace("identifier,", "number,", 1)})
    assert "users.csv of oneroster-1.zip has no column identifier" in refusal(opened(tmp_path))
    assert staff(opened(tmp_path, "staff_id: sourcedId")) == ["ann", "cy"]


def test_a_bomb_a_folder_inside_and_a_damaged_zip_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "1", {**WHOLE, "users.csv": WHOLE["users.csv"] + "0" * 3_000_000})
    assert "unpacks to more than 250 times its size" in refusal(opened(tmp_path))
    assert "unpacks to more than 1000 bytes" in refusal(opened(tmp_path, "limits: {unpacked_bytes: 1000, ratio: 5000}"))
    put(tmp_path, "2", {f"export/{name}": text for name, text in WHOLE.items()})
    assert "holds no manifest.csv (a OneRoster zip has no folders)" in refusal(opened(tmp_path))
    (tmp_path / "in" / "oneroster-3.zip").write_bytes(b"PK\x03\x04 and no more")
    assert "no folder or zip that can be read" in refusal(opened(tmp_path))


def test_a_place_without_a_bundle_is_refused(tmp_path: Path) -> None:
    assert "There is no bundle oneroster-*.zip" in refusal(opened(tmp_path))
    shutil.rmtree(tmp_path / "in")
    assert "is not a folder" in refusal(open_source(read(tmp_path, source_file()), lambda _: ""))


@pytest.mark.parametrize(
    ("more", "bundle", "message"),
    [
        ("", "oneroster-*.csv", "bundle must end with .zip or manifest.csv"),
        ("", "../x.zip", "is not a file inside the location"),
        ("auth: {bearer: {env: T}}", "x.zip", '"auth" is not a member of the source file'),
        ("staff_id: email", "x.zip", '"email" is not a staff_id'),
    ],
)
def test_mistakes_in_a_source_file_are_told(tmp_path: Path, more: str, bundle: str, message: str) -> None:
    with pytest.raises(FileErrors) as caught:
        read(tmp_path, source_file(more, bundle))
    assert message in str(caught.value)
