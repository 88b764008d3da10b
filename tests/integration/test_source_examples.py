"""The source files that ship as examples, each read through its own kind: what a vendor documents of its answers goes in, records
of the catalog come out. The shapes in `recorded/` are those of public documents: PowerSchool's customisation reference
(PowerQueries), Salesforce's REST API guide (Query), and of Frontline's applicant tracking a public client (Pairin/applitrack-ruby:
address, sign-in, entity sets, a few columns) with OData's verbose JSON ([MS-ODATA] 2.2.6.3); the people in them are nobody.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import connectors
from connectors.base import Connector, Incremental
from connectors.kinds import open_source
from connectors.secrets import SecretRef
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName
from gateway.domain.records import EducationRecord
from gateway.normalise import normalise
from tests.databases import empty_postgres
from tests.json_server import Asked, JsonServer, Reply, json_server
from tests.sshd import Sshd

EXAMPLES = Path(connectors.__file__).parent / "examples"
RECORDED = Path(__file__).parent / "recorded"
CATALOG = load_catalog()
SECRET = "s3cret"
ENVIRON = {
    "APPLICANTS_URL": "https://www.applitrack.example/riverton/api/AppliTrackAPI_v3.svc",
    "BANNER_FOLDER": "/o",
    "BANNER_HOST": "h",
    "BANNER_HOST_KEY": "ssh-ed25519 AAAA",
    "HR_HOST": "h",
    "SCORES": "scores",
}
TOKEN = "/oauth/access_token/"


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))


def opened(
    name: str, folder: Path, changed: Mapping[str, str], environ: Mapping[str, str] = ENVIRON, secret: str = SECRET
) -> Connector:
    """The connector of an example; `changed` are texts of the file that cannot stay, as there is no such server here."""
    content = (EXAMPLES / f"{name}.source.yaml").read_text(encoding="utf-8")
    for old, new in changed.items():
        assert old in content
        content = content.replace(old, new)
    file = folder / f"{name}.source.yaml"
    file.write_text(content, encoding="utf-8")

    def reveal(ref: SecretRef) -> str:
        return Path(ref.name).read_text(encoding="utf-8") if ref.place == "file" else secret

    return open_source(read_source(file, CATALOG, environ), reveal)


def records(source: Connector, resource: str) -> list[dict[str, object]]:
    """Every record as the catalog has it; none may be refused, neither by the connector nor by the catalog."""
    return [fitted(raw) for page in source.pull(ResourceName(resource)) for raw in taken(page)]


def taken(page: Any) -> Any:
    assert not page.rejections
    assert not page.unaccounted()
    return page.records


def fitted(raw: Any) -> dict[str, object]:
    resource = CATALOG.resources[raw.resource]
    record = normalise(raw, resource, frozenset(element.path for element in resource.every_element()))
    assert isinstance(record, EducationRecord), record
    return {str(path): value for path, value in record.elements.items()}


@pytest.fixture
def api() -> Iterator[Callable[[Callable[[Asked], Reply]], JsonServer]]:
    servers = []

    def start(answer: Callable[[Asked], Reply]) -> JsonServer:
        servers.append(json_server(answer))
        return servers[-1].__enter__()

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.source.yaml")), ids=lambda file: file.name.partition(".")[0])
def test_an_example_is_right(file: Path) -> None:
    source = read_source(file, CATALOG, ENVIRON)
    assert source.schedule is not None
    assert source.resources


def test_powerschool_is_read_by_a_powerquery(api: Any, tmp_path: Path) -> None:
    pages = recorded("powerschool")

    def answer(asked: Asked) -> Reply:
        if asked.path == TOKEN:
            assert asked.form == {"grant_type": "client_credentials"}
            return Reply({"access_token": "t0k", "token_type": "Bearer", "expires_in": "2591999"})
        assert (asked.method, asked.path) == ("POST", "/ws/schema/query/org.riverton.gateway.staff.current")
        assert asked.headers["authorization"] == "Bearer t0k"
        return Reply(pages[int(asked.query["page"]) - 1])

    server = api(answer)
    # Two records to a page, as recorded: a page that is not full is the last.
    changed = {"https://riverton.powerschool.example": server.base, "size: 500": "size: 2"}
    state = "uri://ed-fi.org/SourceSystemDescriptor#State"
    ann = {"staffUniqueId": "T100", "firstName": "Ann", "middleName": "B", "lastSurname": "Lee", "highlyQualifiedTeacher": True}
    zoe = {"staffUniqueId": "T101", "firstName": "Zoë", "lastSurname": "Ng", "highlyQualifiedTeacher": False}

    assert records(opened("powerschool", tmp_path, changed), "staffs") == [
        {**ann, "personReference.personId": "9001", "personReference.sourceSystemDescriptor": state},
        {**zoe, "personReference.personId": "9002", "personReference.sourceSystemDescriptor": state},
        {"staffUniqueId": "T102", "firstName": "Cy", "lastSurname": "Oh"},
    ]


def test_salesforce_is_read_by_a_query_to_its_last_page(api: Any, tmp_path: Path) -> None:
    first, second = recorded("salesforce")

    def answer(asked: Asked) -> Reply:
        if asked.path == "/services/oauth2/token":
            assert asked.form["client_secret"] == SECRET
            return Reply({"access_token": "00D", "token_type": "Bearer", "instance_url": "https://elsewhere.example"})
        assert asked.headers["authorization"] == "Bearer 00D"
        if asked.path.endswith("/query"):
            return Reply(recorded("salesforce_placements") if "Placement__c" in asked.query["q"] else first)
        assert asked.path == first["nextRecordsUrl"]
        return Reply(second)

    source = opened("salesforce", tmp_path, {"https://lakeside.my.salesforce.example": api(answer).base})

    people = records(source, "candidates")
    assert [(p["candidateIdentifier"], p["firstName"], p.get("birthDate")) for p in people] == [
        ("LU1", "Ann", "2001-02-03"),
        ("LU2", "Zoë", None),
        ("LU3", "Cy", "2000-12-31"),
    ]
    # Who has no number of the state is not made a person by half a reference.
    assert [person.get("personReference.sourceSystemDescriptor") is None for person in people] == [False, True, False]
    assert records(source, "fieldworkExperiences") == [
        {
            "fieldworkIdentifier": "P-0001",
            "beginDate": "2026-08-20",
            "hoursCompleted": 120.5,
            "studentReference.studentUniqueId": "LU1",
            "fieldworkTypeDescriptor": "uri://ed-fi.org/FieldworkTypeDescriptor#Student Teaching",
        }
    ]


def test_applicants_are_read_from_an_odata_service_by_its_links(api: Any, tmp_path: Path) -> None:
    pages = recorded("applicant_tracking")["pages"]
    servers: list[JsonServer] = []

    def answer(asked: Asked) -> Reply:
        assert asked.headers["authorization"] == f"Basic {base64.b64encode(f'{SECRET}:{SECRET}'.encode()).decode()}"
        assert asked.headers["accept"] == "application/json;odata=verbose"
        assert asked.headers["mindataserviceversion"] == "3.0"
        assert asked.query["$inlinecount"] == "allpages"
        page = json.dumps(pages[asked.path.rpartition("/")[2]][asked.query.get("$skiptoken", "")])
        return Reply(page.replace("https://www.applitrack.com", servers[0].base).encode())

    servers.append(api(answer))
    address = f"{servers[0].base}/riverton/api/AppliTrackAPI_v3.svc"
    source = opened("applicant_tracking", tmp_path, {}, {"APPLICANTS_URL": address})

    district = {"educationOrganizationReference.educationOrganizationId": 5500000}
    contract = {"employmentStatusDescriptor": "uri://ed-fi.org/EmploymentStatusDescriptor#Contractual"}
    staff = "uri://ed-fi.org/StaffClassificationDescriptor#"
    assert records(source, "openStaffPositions") == [
        {
            "requisitionNumber": number,
            "positionTitle": title,
            "staffClassificationDescriptor": staff + category,
            "datePosted": posted,
            **({"datePostingRemoved": removed} if removed else {}),
            **district,
            **contract,
        }
        for number, title, category, posted, removed in (
            ("2101", "Grade 5 teacher", "Teacher", "2026-03-02", ""),
            ("2102", "School counselor", "Counselor", "2026-03-09", "2026-04-17"),
            ("2103", "Classroom aide", "Instructional Aide", "2026-03-11", ""),
        )
    ]
    assert records(source, "applications") == [
        {
            "applicationIdentifier": identifier,
            "applicantProfileReference.applicantProfileIdentifier": "30417",
            "openStaffPositionReference.educationOrganizationId": 5500000,
            "openStaffPositionReference.requisitionNumber": number,
            "applicationDate": day,
            "applicationStatusDescriptor": f"uri://ed-fi.org/ApplicationStatusDescriptor#{status}",
            **district,
        }
        for identifier, number, day, status in (
            ("88001", "2101", "2026-03-05", "Active"),
            ("88002", "2102", "2026-03-10", "Withdrawn"),
        )
    ]
    assert source.unmapped() == {}


def test_hr_is_read_from_its_database_and_then_only_what_changed(postgres_server: str, tmp_path: Path) -> None:
    with empty_postgres(postgres_server) as url:
        address = url.replace("postgresql:", "postgresql+psycopg:")
        engine = create_engine(address)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE gateway_staff (employee_no text, first_name text, last_name text, state_id text,"
                                    " updated_at timestamptz, record_state text)"))  # fmt: skip
            connection.execute(text("CREATE TABLE gateway_employment (employee_no text, hired_on date, left_on date, status text,"
                                    " fte numeric, left_why text, changed_at timestamptz)"))  # fmt: skip
            connection.execute(text("INSERT INTO gateway_staff VALUES ('7', 'Ann', 'Lee', '9001', '2026-01-01', 'A'),"
                                    " ('8', 'Cy', 'Oh', NULL, '2026-01-01', 'A')"))  # fmt: skip
            connection.execute(text("INSERT INTO gateway_employment VALUES ('7', '2020-08-01', NULL, 'R', 1.0, NULL, now())"))
        database = next(line for line in (EXAMPLES / "hr.source.yaml").read_text().splitlines() if line.startswith("database:"))
        source = opened("hr", tmp_path, {database: "url: {env: URL}"}, secret=address)
        staffs = ResourceName("staffs")
        assert isinstance(source, Incremental)
        since = source.position(staffs)
        assert since is not None

        assert [staff["staffUniqueId"] for staff in records(source, "staffs")] == ["7", "8"]
        [job] = records(source, "staffEducationOrganizationEmploymentAssociations")
        assert (job["hireDate"], job["fullTimeEquivalency"]) == ("2020-08-01", 1.0)
        assert job["employmentStatusDescriptor"] == "uri://ed-fi.org/EmploymentStatusDescriptor#Contractual"

        with engine.begin() as connection:
            connection.execute(
                text("UPDATE gateway_staff SET record_state = 'D', updated_at = '2026-02-01' WHERE employee_no = '8'")
            )
        until = source.position(staffs)
        assert until is not None
        gone = [raw.elements for page in source.changes(staffs, since, until) for raw in page.deleted]
        assert [record["staffUniqueId"] for record in gone] == ["8"]  # type: ignore[index]
        engine.dispose()


def test_banner_is_read_from_the_newest_export_that_is_done(ssh_server: Sshd, tmp_path: Path) -> None:
    for day, last, done in (("2026-11-26", "Lee", True), ("2026-11-27", "Lee-Ng", True), ("2026-11-28", "Half", False)):
        export = tmp_path / "out" / day
        export.mkdir(parents=True)
        head = "SPRIDEN_PIDM,SPRIDEN_ID,SPRIDEN_FIRST_NAME,SPRIDEN_MI,SPRIDEN_LAST_NAME,SPBPERS_BIRTH_DATE,SPBPERS_SEX\n"
        (export / "SPRIDEN.csv").write_text(f"{head}1,A01,Ann,,{last},03-SEP-2001,F\n", encoding="utf-8")
        head = "SPRIDEN_ID,SGBSTDN_PROGRAM_1,SGBSTDN_STST_CODE,ADMIT_DATE,GRAD_DATE\n"
        (export / "SGBSTDN.csv").write_text(f"{head}A01,BA-MATH,AS,20-AUG-2024,N/A\nA02,BA-MATH,IS,20-AUG-2024,N/A\n", "utf-8")
        if done:
            (export / "DONE").touch()
    key = tmp_path / "banner_ed25519"
    key.write_bytes(ssh_server.private_key.read_bytes())
    environ = {"BANNER_HOST": "127.0.0.1", "BANNER_HOST_KEY": ssh_server.host_key, "BANNER_FOLDER": str(tmp_path / "out")}

    changed = {"user: gateway": f"user: {ssh_server.user}", "port: 22": f"port: {ssh_server.port}"}
    source = opened("banner", tmp_path, changed, environ)

    [person] = records(source, "candidates")
    assert (person["lastSurname"], person["birthDate"]) == ("Lee-Ng", "2001-09-03")
    [enrolment] = records(source, "candidateEducatorPreparationProgramAssociations")
    assert (enrolment["candidateReference.candidateIdentifier"], enrolment["beginDate"]) == ("A01", "2024-08-20")


def test_exam_scores_are_the_newest_files(tmp_path: Path) -> None:
    scores = tmp_path / "scores"
    scores.mkdir()
    head = "EDUCATOR_ID\tLAST_NAME\tFIRST_NAME\tSSN\tTEST_CODE\tTEST_DATE\tATTEMPT\tSCALED_SCORE\tPASS_FLAG\n"
    first = "9001\tPeña\tAnn\t000-00-0000\t5161\t09/12/2026\t1\t158\tF\n"
    second = "9001\tPeña\tAnn\t000-00-0000\t5161\t10/17/2026\t2\t171\tP\n"
    (scores / "scores_20261001.txt").write_bytes(f"{head}{first}".encode("cp1252"))
    (scores / "scores_20261101.txt").write_bytes(f"{head}{first}{second}".encode("cp1252"))

    found = records(opened("exam_scores", tmp_path, {}, {"SCORES": str(scores)}), "certificationExamResults")

    assert [(f["certificationExamDate"], f["attemptNumber"], f["certificationExamPassIndicator"]) for f in found] == [
        ("2026-09-12", 1, False),
        ("2026-10-17", 2, True),
    ]
    assert "Peña" not in str(found)
