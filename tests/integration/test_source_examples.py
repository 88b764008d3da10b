"""The examples of source files: each is right, and gives whole records of what its system answers, as the vendor documents it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import create_engine, text

from connectors import tokens
from connectors.base import Connector, Incremental
from connectors.kinds import open_source
from connectors.secrets import SecretRef
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.records import EducationRecord, RawRecord
from gateway.normalise import normalise
from tests.conftest import lacking
from tests.databases import run_statement
from tests.json_server import Asked, JsonServer, Reply, json_server
from tests.sshd import sftp_server, sshd_programs

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "connectors" / "examples"
CATALOG = load_catalog()
NAMES = ("applicant_tracking", "banner", "exam_scores", "hr", "powerschool", "salesforce")
VARIABLES = {
    "APPLICANTS_URL": "https://www.applitrack.example/riverton/api/AppliTrackAPI_v3.svc",
    "BANNER_SFTP_FOLDER": "/out",
    "BANNER_SFTP_HOST": "sftp.lakeside.example",
    "BANNER_SFTP_HOST_KEY": "ssh-ed25519 AAAA",
    "BANNER_SFTP_USER": "gateway",
    "HR_HOST": "hr.riverton.example",
    "POWERSCHOOL_URL": "https://riverton.powerschool.example",
    "SALESFORCE_URL": "https://lakeside.my.salesforce.example",
    "SCORE_FILES": "/srv/scores",
}
STAFF = ElementPath("staffReference.staffUniqueId")
Plain = Mapping[str, object]


@pytest.fixture(autouse=True)
def own_tokens() -> Iterator[None]:
    """Each test asks for its own."""
    tokens._KEPT.clear()
    yield
    tokens._KEPT.clear()


def recorded(name: str) -> Any:
    return orjson.loads((HERE / "recorded" / f"{name}.json").read_bytes())


def opened(name: str, file: Path | None = None, **environ: str) -> Connector:
    """The example's connector. Its secrets are called as the variables they stand in."""

    def reveal(reference: SecretRef) -> str:
        assert reference.place == "env"
        return environ.get(reference.name, f"secret of {reference.name}")

    source = read_source(file or EXAMPLES / f"{name}.source.yaml", CATALOG, environ)
    return open_source(source, reveal)


def records(connector: Connector, resource: str) -> list[Plain]:
    """Everything the catalog stores of a pull, typed; a row that is refused fails."""
    pages = list(connector.pull(ResourceName(resource)))
    assert not any(page.rejections or page.unaccounted() for page in pages)
    return [stored(record) for page in pages for record in page.records]


def stored(record: RawRecord) -> Plain:
    resource = CATALOG.resources[record.resource]
    found = normalise(record, resource, frozenset(element.path for element in resource.every_element()))
    assert isinstance(found, EducationRecord), found
    own: Plain = {str(path): value for path, value in found.elements.items()}
    return {**own, **{name: list(members) for name, members in found.collections.items()}}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_right_as_it_stands(name: str) -> None:
    source = read_source(EXAMPLES / f"{name}.source.yaml", CATALOG, VARIABLES)
    assert source.schedule is not None
    assert source.resources


def test_every_example_is_tried_here() -> None:
    assert sorted(file.name.removesuffix(".source.yaml") for file in EXAMPLES.iterdir()) == sorted(NAMES)


def test_powerschool_gives_what_its_powerqueries_answer() -> None:
    shapes = recorded("powerschool")

    def answer(asked: Asked) -> Reply:
        if asked.path == "/oauth/access_token":
            assert asked.form == {"grant_type": "client_credentials"}
            pair = "secret of POWERSCHOOL_CLIENT_ID:secret of POWERSCHOOL_CLIENT_SECRET"
            assert asked.headers["authorization"] == f"Basic {base64.b64encode(pair.encode()).decode()}"
            return Reply(shapes["token"])
        assert asked.headers["authorization"] == f"Bearer {shapes['token']['access_token']}"
        assert (asked.method, asked.body, asked.query["pagesize"]) == ("POST", b"{}", "100")
        return Reply(shapes["pages"][asked.path][int(asked.query["page"]) - 1])

    with json_server(answer) as server:
        source = opened("powerschool", POWERSCHOOL_URL=server.base)
        schools = records(source, "schools")
        staffs = records(source, "staffs")
        assignments = records(source, "staffEducationOrganizationAssignmentAssociations")
        assert source.unmapped() == {}
    assert [asked.path for asked in server.asked].count("/oauth/access_token") == 1
    assert schools == [
        {"schoolId": 5500101, "nameOfInstitution": "Cedar Elementary", "shortNameOfInstitution": "CED"},
        {"schoolId": 5500102, "nameOfInstitution": "Harbor Middle", "shortNameOfInstitution": "HAR"},
    ]
    assert staffs == [
        {"staffUniqueId": "T-0041", "firstName": "Imogen", "middleName": "Rae", "lastSurname": "Okafor"},
        {"staffUniqueId": "T-0042", "firstName": "Tomás", "lastSurname": "Lindqvist"},
        {"staffUniqueId": "T-0043", "firstName": "Ada", "lastSurname": "Birch"},
    ]
    assert assignments == [
        {
            "staffReference.staffUniqueId": "T-0041",
            "educationOrganizationReference.educationOrganizationId": 5500101,
            "staffClassificationDescriptor": "uri://ed-fi.org/StaffClassificationDescriptor#Teacher",
            "beginDate": "2024-08-12",
            "positionTitle": "Grade 4",
        },
        {
            "staffReference.staffUniqueId": "T-0042",
            "educationOrganizationReference.educationOrganizationId": 5500102,
            "staffClassificationDescriptor": "uri://ed-fi.org/StaffClassificationDescriptor#Substitute Teacher",
            "beginDate": "2026-01-05",
        },
    ]


def salesforce(shapes: Any, base: Callable[[], str]) -> Callable[[Asked], Reply]:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/services/oauth2/token":
            assert asked.form == {
                "grant_type": "client_credentials",
                "client_id": "secret of SALESFORCE_KEY",
                "client_secret": "secret of SALESFORCE_SECRET",
            }
            return Reply(shapes["token"] | {"instance_url": base()})
        assert asked.headers["authorization"] == f"Bearer {shapes['token']['access_token']}"
        if asked.path in shapes["more"]:
            assert asked.query == {}, "the next page is asked for by its address alone"
            return Reply(shapes["more"][asked.path])
        assert asked.path == "/services/data/v62.0/query"
        assert asked.query["q"].startswith("SELECT ")
        return Reply(shapes["first"][asked.query["q"].partition(" FROM ")[2].split()[0]])

    return answer


def test_salesforce_gives_what_its_queries_answer() -> None:
    shapes = recorded("salesforce")
    servers: list[JsonServer] = []
    with json_server(salesforce(shapes, lambda: servers[0].base)) as server:
        servers.append(server)
        source = opened("salesforce", SALESFORCE_URL=server.base)
        candidates = records(source, "candidates")
        enrolments = records(source, "candidateEducatorPreparationProgramAssociations")
        assert source.unmapped() == {}
    sex = "uri://ed-fi.org/SexDescriptor#"
    mail = {"electronicMailTypeDescriptor": "uri://ed-fi.org/ElectronicMailTypeDescriptor#Organization"}
    assert candidates == [
        {
            "candidateIdentifier": "L-1001",
            "firstName": "Noor",
            "lastSurname": "Haddad",
            "birthDate": "2003-04-30",
            "sexDescriptor": f"{sex}Female",
            "races": [{"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#White"}],
            "electronicMails": [{"electronicMailAddress": "noor.haddad@lakeside.example", **mail}],
        },
        {
            "candidateIdentifier": "L-1002",
            "firstName": "Jonas",
            "middleName": "Emil",
            "lastSurname": "Berg",
            "birthDate": "2002-11-02",
            "sexDescriptor": f"{sex}Not Selected",
        },
        {
            "candidateIdentifier": "L-1003",
            "firstName": "Mei",
            "lastSurname": "Castellanos",
            "birthDate": "2001-01-19",
            "sexDescriptor": f"{sex}Female",
            "races": [{"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#Asian"}],
            "electronicMails": [{"electronicMailAddress": "mei.castellanos@lakeside.example", **mail}],
        },
    ]
    program = {
        "educatorPreparationProgramReference.educationOrganizationId": 6000203,
        "educatorPreparationProgramReference.programTypeDescriptor": (
            "uri://ed-fi.org/ProgramTypeDescriptor#Educator Preparation Program"
        ),
    }
    assert enrolments == [
        {
            "candidateReference.candidateIdentifier": "L-1001",
            "educatorPreparationProgramReference.programName": "Elementary Education",
            "beginDate": "2024-08-26",
            **program,
        },
        {
            "candidateReference.candidateIdentifier": "L-1002",
            "educatorPreparationProgramReference.programName": "Secondary Science",
            "beginDate": "2023-08-28",
            "endDate": "2026-05-15",
            "reasonExitedDescriptor": "uri://ed-fi.org/ReasonExitedDescriptor#Completed",
            **program,
        },
    ]


def test_applicant_tracking_gives_what_its_odata_service_answers() -> None:
    shapes = recorded("applicant_tracking")
    servers: list[JsonServer] = []

    def answer(asked: Asked) -> Reply:
        pair = "secret of APPLICANTS_USER:secret of APPLICANTS_PASSWORD"
        assert asked.headers["authorization"] == f"Basic {base64.b64encode(pair.encode()).decode()}"
        assert asked.headers["accept"] == "application/json;odata=verbose"
        assert asked.headers["mindataserviceversion"] == "3.0"
        assert asked.query["$inlinecount"] == "allpages"
        page = shapes["pages"][asked.path.rpartition("/")[2]][asked.query.get("$skiptoken", "")]
        return Reply(orjson.dumps(page).replace(b"https://www.applitrack.com", servers[0].base.encode()))

    with json_server(answer) as server:
        servers.append(server)
        source = opened("applicant_tracking", APPLICANTS_URL=f"{server.base}/riverton/api/AppliTrackAPI_v3.svc")
        vacancies = records(source, "openStaffPositions")
        applications = records(source, "applications")
        assert source.unmapped() == {}
    of_all = {
        "educationOrganizationReference.educationOrganizationId": 5500000,
        "employmentStatusDescriptor": "uri://ed-fi.org/EmploymentStatusDescriptor#Contractual",
    }
    staff = "uri://ed-fi.org/StaffClassificationDescriptor#"
    assert vacancies == [
        {
            "requisitionNumber": "2101",
            "positionTitle": "Grade 5 teacher",
            "staffClassificationDescriptor": f"{staff}Teacher",
            "datePosted": "2026-03-02",
            **of_all,
        },
        {
            "requisitionNumber": "2102",
            "positionTitle": "School counselor",
            "staffClassificationDescriptor": f"{staff}Counselor",
            "datePosted": "2026-03-09",
            "datePostingRemoved": "2026-04-17",
            **of_all,
        },
        {
            "requisitionNumber": "2103",
            "positionTitle": "Classroom aide",
            "staffClassificationDescriptor": f"{staff}Instructional Aide",
            "datePosted": "2026-03-11",
            **of_all,
        },
    ]
    status = "uri://ed-fi.org/ApplicationStatusDescriptor#"
    assert applications == [
        {
            "applicationIdentifier": identifier,
            "applicantProfileReference.applicantProfileIdentifier": "30417",
            "educationOrganizationReference.educationOrganizationId": 5500000,
            "openStaffPositionReference.educationOrganizationId": 5500000,
            "openStaffPositionReference.requisitionNumber": requisition,
            "applicationDate": day,
            "applicationStatusDescriptor": status + now,
        }
        for identifier, requisition, day, now in (
            ("88001", "2101", "2026-03-05", "Active"),
            ("88002", "2102", "2026-03-10", "Withdrawn"),
        )
    ]


@pytest.fixture
def hr_database(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The HR system's database, with the views that the example reads. The example says no port: libpq takes PGPORT."""
    run_statement(postgres_server, "CREATE DATABASE hr")
    address = f"{postgres_server.replace('postgresql:', 'postgresql+psycopg:')}/hr"
    monkeypatch.setenv("PGPORT", postgres_server.rpartition(":")[2])
    for statement in (HERE / "recorded" / "hr.sql").read_text(encoding="utf-8").split(";\n"):
        execute(address, statement)
    yield address
    run_statement(postgres_server, "DROP DATABASE hr WITH (FORCE)")


def execute(address: str, statement: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_hr_gives_staff_and_employments_and_then_only_what_changed(hr_database: str) -> None:
    employments = ResourceName("staffEducationOrganizationEmploymentAssociations")
    source = opened("hr", HR_HOST="127.0.0.1", HR_USER="gateway")
    assert isinstance(source, Incremental)
    since = source.position(employments)
    assert since is not None
    staffs = records(source, "staffs")
    employed = records(source, employments)
    status = "uri://ed-fi.org/EmploymentStatusDescriptor#"
    assert staffs == [
        {
            "staffUniqueId": "E100",
            "firstName": "Imogen",
            "lastSurname": "Okafor",
            "birthDate": "1988-07-21",
            "yearsOfPriorTeachingExperience": 6.5,
        },
        {"staffUniqueId": "E101", "firstName": "Tomás", "lastSurname": "Lindqvist"},
        {
            "staffUniqueId": "E102",
            "firstName": "Ada",
            "lastSurname": "Birch",
            "birthDate": "1979-01-30",
            "yearsOfPriorTeachingExperience": 0.0,
        },
    ]
    first = {
        "staffReference.staffUniqueId": "E100",
        "educationOrganizationReference.educationOrganizationId": 5500000,
        "hireDate": "2018-08-01",
        "employmentStatusDescriptor": f"{status}Tenured or permanent",
        "fullTimeEquivalency": 1.0,
        "annualWage": 61250.5,
    }
    assert employed == [
        first,
        {
            "staffReference.staffUniqueId": "E101",
            "educationOrganizationReference.educationOrganizationId": 5500000,
            "hireDate": "2025-08-04",
            "endDate": "2026-06-12",
            "employmentStatusDescriptor": f"{status}Substitute/temporary",
            "separationReasonDescriptor": "uri://ed-fi.org/SeparationReasonDescriptor#Other",
            "fullTimeEquivalency": 0.5,
        },
    ]
    execute(hr_database, "UPDATE gateway.employments SET fte = 0.8, changed_at = '2026-09-02 08:00+00' WHERE employee_no = 'E100'")
    execute(
        hr_database,
        "UPDATE gateway.employments SET row_state = 'removed', changed_at = '2026-09-02 08:00+00' WHERE employee_no = 'E101'",
    )
    until = source.position(employments)
    assert until is not None
    changes = list(source.changes(employments, since, until))
    assert [stored(record) for page in changes for record in page.records] == [first | {"fullTimeEquivalency": 0.8}]
    assert [record.elements[STAFF] for page in changes for record in page.deleted] == ["E101"]


def test_banner_gives_the_newest_whole_set_of_the_server(tmp_path: Path) -> None:
    programs = sshd_programs()
    if programs is None:
        lacking("needs an OpenSSH server (sshd, ssh-keygen)")
        return
    out = tmp_path / "out"
    out.mkdir()
    for file in (HERE / "recorded" / "banner").iterdir():
        (out / file.name).write_bytes(file.read_bytes())
    (out / "candidates_2026-09-06.csv").write_text("SPRIDEN_ID\n", encoding="utf-8")
    with sftp_server(programs) as server:
        file = tmp_path / "banner.source.yaml"
        example = (EXAMPLES / file.name).read_text(encoding="utf-8")
        file.write_text(example.replace("port: 22", f"port: {server.port}"), encoding="utf-8")
        source = opened(
            "banner",
            file,
            BANNER_SFTP_HOST="127.0.0.1",
            BANNER_SFTP_USER=server.user,
            BANNER_SFTP_HOST_KEY=server.host_key,
            BANNER_SFTP_FOLDER=str(out),
            BANNER_SFTP_KEY=server.private_key.read_text(encoding="ascii"),
        )
        offered = records(source, "educatorPreparationPrograms")
        candidates = records(source, "candidates")
        enrolments = records(source, "candidateEducatorPreparationProgramAssociations")
        refusals = [record for page in source.pull_rights("opt_outs", ResourceName("candidates")) for record in page.records]
        assert source.unmapped() == {}
    kind = "uri://ed-fi.org/ProgramTypeDescriptor#Educator Preparation Program"
    assert offered == [
        {
            "programId": "BS-ELED",
            "programName": "Elementary Education, BS",
            "educationOrganizationReference.educationOrganizationId": 6000203,
            "programTypeDescriptor": kind,
        }
    ]
    assert candidates == [
        {
            "candidateIdentifier": "A00012345",
            "firstName": "Noor",
            "lastSurname": "Haddad",
            "birthDate": "2003-04-30",
            "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Female",
            "races": [
                {"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#White"},
                {"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#Asian"},
            ],
        },
        {
            "candidateIdentifier": "A00012346",
            "firstName": "Jonas",
            "middleName": "Emil",
            "lastSurname": "Berg",
            "birthDate": "2002-11-02",
            "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Not Selected",
        },
    ]
    assert enrolments == [
        {
            "candidateReference.candidateIdentifier": "A00012345",
            "educatorPreparationProgramReference.programName": "Elementary Education, BS",
            "educatorPreparationProgramReference.educationOrganizationId": 6000203,
            "educatorPreparationProgramReference.programTypeDescriptor": kind,
            "beginDate": "2024-08-26",
            "endDate": "2026-12-18",
            "degreeSpecializations": [{"majorSpecialization": "Elementary Education"}],
        }
    ]
    assert [dict(record.elements) for record in refusals] == [
        {"candidateIdentifier": identifier, "opted_out": refused}
        for identifier, refused in (("A00012345", "yes"), ("A00012346", "no"), ("A00012347", "no"))
    ]


def test_exam_scores_gives_the_results_of_the_newest_file() -> None:
    source = opened("exam_scores", SCORE_FILES=str(HERE / "recorded" / "exam_scores"))
    results = records(source, "certificationExamResults")
    assert source.unmapped() == {}
    of_all = {
        "certificationExamReference.namespace": "uri://ets.org/praxis",
        "personReference.sourceSystemDescriptor": "uri://ed-fi.org/SourceSystemDescriptor#Testing Company",
    }
    status = "uri://ed-fi.org/CertificationExamStatusDescriptor#"
    assert results == [
        {
            "personReference.personId": "07654321",
            "certificationExamReference.certificationExamIdentifier": "praxis-5001",
            "certificationExamDate": "2026-06-13",
            "attemptNumber": 1,
            "certificationExamScore": 151.0,
            "certificationExamPassIndicator": False,
            "certificationExamStatusDescriptor": f"{status}Reported",
            **of_all,
        },
        {
            "personReference.personId": "07654321",
            "certificationExamReference.certificationExamIdentifier": "praxis-5001",
            "certificationExamDate": "2026-08-15",
            "attemptNumber": 2,
            "certificationExamScore": 163.0,
            "certificationExamPassIndicator": True,
            "certificationExamStatusDescriptor": f"{status}Updated",
            **of_all,
        },
    ]
