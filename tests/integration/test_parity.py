"""PostgreSQL and SQLite give the same answers to the same requests: one world, copied, asked the same on both.

A request by hand stands for each resource, treatment, type of filter and refusal; random ones mix what the hand did not.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from gateway.clients import suspend_client
from gateway.domain.identifiers import ResourceName
from tests.conftest import new_database
from tests.copies import copy_everything, opened
from tests.world import NEW_IN_EACH_ANSWER, World, open_world, placement_world

RIVERTON, LAKESIDE = "riverton-sis", "lakeside-sis"
CANDIDATES = "candidates"
ENROLMENTS = "candidateEducatorPreparationProgramAssociations"
PLACEMENTS = "fieldworkExperiences"
MENTORS = "candidateRelationshipToStaffAssociations"
PROGRAMS = "educatorPreparationPrograms"
SCHOOLS = "schools"
OPENINGS = "openStaffPositions"
STAFF = "staffs"
EMPLOYMENTS = "staffEducationOrganizationEmploymentAssociations"
ASSIGNMENTS = "staffEducationOrganizationAssignmentAssociations"
CLIENT_OF = dict.fromkeys((CANDIDATES, ENROLMENTS, PLACEMENTS, MENTORS, PROGRAMS), RIVERTON) | dict.fromkeys(
    (SCHOOLS, OPENINGS, STAFF, EMPLOYMENTS, ASSIGNMENTS), LAKESIDE
)
LIMITS = ("2", "7", "1000")
RANDOM_QUESTIONS = 150
SEED = 20_261_124

TEXTS = (
    "",
    " ",
    "'",
    '"',
    "%",
    "_",
    "a%",
    "' OR 1=1 --",
    "\\",
    "Río",
    "Ri\u0301o",
    "César Chávez",
    "\U0001f393",
    "\ufffd",
    "\x85",
    "x" * 2_000,
)
INTEGERS = (
    "0", "-0", "+5", " 5 ", "5_0", "٥", "１２", "5.0", "1e3", "0x10", "", "2147483647", "2147483648", "-2147483649",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "9" * 1_000,
)  # fmt: skip
NUMBERS = (
    "0", "-0.0", "0.1", "1", "1.0", "1e0", "1_0.5", "5e-324", "1e-400", "1.7976931348623157e308", "1e400", "-1e400", "nan", "inf",
    "-Infinity", "0.30000000000000004", "9007199254740993", "123456789012345678901234567890", "", "ten", "1,5",
)  # fmt: skip
BOOLEANS = ("true", "false", "True", "TRUE", "1", "0", "yes", "")
DATES = (
    "2026-08-24", "20260824", "2026-W35-1", "0001-01-01", "9999-12-31", "0000-01-01", "10000-01-01", "2026-02-30", "-2026-01-01",
    "2026-8-4", "2026-08-24T00:00:00", "infinity", "now", "epoch", "",
)  # fmt: skip
YEARS = ("2022", "2024", "2015", "0", "-1", "10000", "99999999999999999999", "2024.0", "2024-08-20", "")
PSEUDONYMS = ("", "0" * 32, "f" * 32, "F" * 32, "zz", "0" * 31, "0" * 33, "' OR 1=1 --", "é" * 32)

FILTERS: Mapping[tuple[str, str], Sequence[str]] = {
    (PLACEMENTS, "schoolReference.schoolId"): INTEGERS,
    (PLACEMENTS, "hoursCompleted"): NUMBERS,
    (PLACEMENTS, "beginDate"): DATES,
    (PLACEMENTS, "endDate"): DATES,
    (PLACEMENTS, "fieldworkTypeDescriptor"): TEXTS,
    (PLACEMENTS, "fieldworkIdentifier"): PSEUDONYMS,
    (PLACEMENTS, "studentReference.studentUniqueId"): PSEUDONYMS,
    (PLACEMENTS, "educatorPreparationProgramReference.programName"): TEXTS,
    (CANDIDATES, "candidateIdentifier"): PSEUDONYMS,
    (ENROLMENTS, "beginDate"): YEARS,
    (ENROLMENTS, "eppProgramPathwayDescriptor"): TEXTS,
    (ENROLMENTS, "candidateReference.candidateIdentifier"): PSEUDONYMS,
    (MENTORS, "staffToCandidateRelationshipDescriptor"): TEXTS,
    (MENTORS, "beginDate"): DATES,
    (PROGRAMS, "programName"): TEXTS,
    (PROGRAMS, "educationOrganizationReference.educationOrganizationId"): INTEGERS,
    (SCHOOLS, "schoolId"): INTEGERS,
    (SCHOOLS, "nameOfInstitution"): TEXTS,
    (OPENINGS, "highNeedAcademicSubject"): BOOLEANS,
    (OPENINGS, "minSalary"): NUMBERS,
    (OPENINGS, "datePostingRemoved"): DATES,
    (OPENINGS, "schoolYearTypeReference.schoolYear"): INTEGERS,
    (OPENINGS, "requisitionNumber"): TEXTS,
    (OPENINGS, "positionTitle"): TEXTS,
    (STAFF, "staffUniqueId"): PSEUDONYMS,
    (STAFF, "yearsOfPriorTeachingExperience"): NUMBERS,
    (STAFF, "highestCompletedLevelOfEducationDescriptor"): TEXTS,
    (EMPLOYMENTS, "hireDate"): YEARS,
    (EMPLOYMENTS, "endDate"): YEARS,
    (EMPLOYMENTS, "fullTimeEquivalency"): NUMBERS,
    (EMPLOYMENTS, "employmentStatusDescriptor"): TEXTS,
    (ASSIGNMENTS, "educationOrganizationReference.educationOrganizationId"): INTEGERS,
    (ASSIGNMENTS, "staffReference.staffUniqueId"): PSEUDONYMS,
    (ASSIGNMENTS, "positionTitle"): TEXTS,
}
"""Every element that can be compared, or one of each type a resource has, with values that databases read differently."""

EXTREMES: Mapping[tuple[str, str], Sequence[object]] = {
    (PLACEMENTS, "school_school_id"): (2**63 - 1, -(2**63), 2**53 + 1, 0, None),
    (PLACEMENTS, "hours_completed"): (1.7976931348623157e308, 5e-324, -0.0, 0.30000000000000004, 1e16, 123456789.0, None),
    (PLACEMENTS, "begin_date"): (date.min, date.max, date(2024, 2, 29), None),
    (PLACEMENTS, "fieldwork_type_descriptor"): TEXTS[:-1],
    (ENROLMENTS, "begin_date"): (date.min, date.max, date(999, 12, 31), date(2024, 12, 31), None),
    (SCHOOLS, "name_of_institution"): TEXTS[:-1],
    (OPENINGS, "min_salary"): (1e22, 1e21, 0.1, 100.0, None),
    (OPENINGS, "high_need_academic_subject"): (None, True, False),
}
"""Stored in the first records of a resource, by column."""

SELECTS: Sequence[tuple[str, str]] = (
    (CANDIDATES, "lastSurname,firstName"),
    (CANDIDATES, "candidateIdentifier"),
    (CANDIDATES, "middleName"),
    (CANDIDATES, "telephones.telephoneNumber"),
    (CANDIDATES, "electronicMails.electronicMailAddress,middleName,candidateIdentifier"),
    (ENROLMENTS, "beginDate,cohortYears.termDescriptor"),
    (ENROLMENTS, "cohortYears.schoolYearTypeReference.schoolYear"),
    (PLACEMENTS, "hoursCompleted,beginDate, endDate"),
    (PLACEMENTS, "fieldworkIdentifier,fieldworkIdentifier"),
    (MENTORS, "staffReference.staffUniqueId"),
    (SCHOOLS, "schoolCategories.schoolCategoryDescriptor"),
    (OPENINGS, "minSalary,highNeedAcademicSubject,schoolYearTypeReference.schoolYear"),
    (OPENINGS, "academicSubjects.academicSubjectDescriptor"),
    (EMPLOYMENTS, "hireDate,endDate,fullTimeEquivalency"),
)

REFUSED: Sequence[tuple[str, str, Mapping[str, str]]] = (
    (CANDIDATES, RIVERTON, {"purpose": "hiring"}),
    (CANDIDATES, RIVERTON, {"purpose": "research"}),
    (CANDIDATES, RIVERTON, {"purpose": "é%'"}),
    (CANDIDATES, RIVERTON, {"provider": "elsewhere"}),
    (CANDIDATES, RIVERTON, {"provider": "riverton"}),
    (CANDIDATES, RIVERTON, {"agreement": "another"}),
    (CANDIDATES, RIVERTON, {"agreement": ""}),
    (CANDIDATES, RIVERTON, {"select": "birthDate"}),
    (CANDIDATES, RIVERTON, {"select": "firstName,noSuchElement"}),
    (CANDIDATES, RIVERTON, {"select": ""}),
    (CANDIDATES, RIVERTON, {"birthDate": "2000-01-01"}),
    (CANDIDATES, RIVERTON, {"firstName": "Ana"}),
    (CANDIDATES, RIVERTON, {"middleName": "A."}),
    (CANDIDATES, RIVERTON, {"telephones.telephoneNumber": "***1234"}),
    (CANDIDATES, RIVERTON, {"first name": "x"}),
    (CANDIDATES, RIVERTON, {"candidateIdentifier": "a\x00b"}),
    (CANDIDATES, RIVERTON, {"candidateIdentifier": "x" * 2_001}),
    (CANDIDATES, RIVERTON, {"cursor": "x"}),
    (CANDIDATES, RIVERTON, {"cursor": ""}),
    (CANDIDATES, RIVERTON, {"cursor": "A" * 200}),
    *((CANDIDATES, RIVERTON, {"limit": limit}) for limit in ("0", "1001", "-1", "ten", "1.0", "٥", "")),
    (CANDIDATES, RIVERTON, {f"element{number}": "x" for number in range(51)}),
    (CANDIDATES, LAKESIDE, {}),
    (STAFF, RIVERTON, {}),
    (STAFF, LAKESIDE, {"birthDate": "1990-01-01"}),
    (EMPLOYMENTS, LAKESIDE, {"separationReasonDescriptor": "x"}),
    (EMPLOYMENTS, LAKESIDE, {"select": "separationReasonDescriptor"}),
    ("financialAids", RIVERTON, {}),
    ("noSuchResource", RIVERTON, {}),
    ("Candidates", RIVERTON, {}),
    ("candidates'", RIVERTON, {}),
    ("%", RIVERTON, {}),
)


@dataclass(frozen=True)
class Pair:
    """The same world on both databases, and a token of each client that is good in both."""

    left: World
    right: World
    tokens: Mapping[str, str]

    def ask(self, resource: str, client: str | None = None, token: str | None = None, **parameters: str) -> httpx.Response:
        """One request to both; the answers must be the same. Returns SQLite's."""
        used = token or self.tokens[client or CLIENT_OF[resource]]
        left, right = (world.api.get(f"/v1/{resource}", used, **parameters) for world in (self.left, self.right))
        assert _heard(left) == _heard(right), (resource, parameters)
        return left

    def every(self, resource: str, **parameters: str) -> list[dict[str, Any]]:
        """All records, page by page, compared page by page."""
        records: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            body = self.ask(resource, **parameters, **cursor).json()
            records += body["data"]
            if body["next"] is None:
                return records
            cursor = {"cursor": body["next"]}


def _heard(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of an answer, without what is new in every one."""
    headers = sorted((name, text) for name, text in answer.headers.items() if name not in NEW_IN_EACH_ANSWER)
    return answer.status_code, headers, answer.content.replace(answer.headers["gateway-request"].encode(), b"REQUEST")


@pytest.fixture(scope="module")
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("parity")
    left_home, right_home = folder / "left", folder / "right"
    with (
        new_database("sqlite", request, folder) as left_url,
        new_database("postgresql", request, folder) as right_url,
        placement_world(left_home, left_url) as left,
    ):
        right_home.mkdir()
        shutil.copytree(left_home / "keys", right_home / "keys")
        left.client("gone-sis", "riverton")
        tokens = {name: left.token(name) for name in (RIVERTON, LAKESIDE, "gone-sis")}
        suspend_client("gone-sis", left.gateway.desk())
        _store_extremes(left)
        with opened(right_url) as target:
            copy_everything(left.gateway.database, target)
        with open_world(right_home, right_url) as right:
            right.keys |= left.keys
            yield Pair(left, right, tokens)


def _store_extremes(world: World) -> None:
    """Put values into records that a database could round, clip or compare in its own way."""
    with world.gateway.database.write() as connection:
        for (resource, column), values in EXTREMES.items():
            rows = world.gateway.tables[ResourceName(resource)].rows
            records = connection.execute(select(rows.c.record_id).order_by(rows.c.record_id).limit(len(values))).scalars().all()
            for record, value in zip(records, values, strict=True):
                connection.execute(update(rows).where(rows.c.record_id == record).values({column: value}))


def test_the_worlds_stand_on_two_databases(pair: Pair) -> None:
    assert [world.gateway.database.dialect for world in (pair.left, pair.right)] == ["sqlite", "postgresql"]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("resource", CLIENT_OF)
def test_pages_to_the_end_are_the_same(pair: Pair, resource: str, limit: str) -> None:
    assert pair.every(resource, limit=limit)


@pytest.mark.parametrize(("resource", "paths"), SELECTS)
def test_selected_elements_are_the_same(pair: Pair, resource: str, paths: str) -> None:
    assert pair.ask(resource, select=paths).status_code == httpx.codes.OK
    assert pair.every(resource, select=paths, limit="40")


@pytest.mark.parametrize(("resource", "path"), FILTERS)
def test_filters_keep_the_same_rows(pair: Pair, resource: str, path: str) -> None:
    kept = 0
    for text in dict.fromkeys([*_values(pair, resource, path)[:4], *FILTERS[resource, path]]):
        answer = pair.ask(resource, **{path: text, "limit": "5"})
        assert answer.status_code in {httpx.codes.OK, httpx.codes.BAD_REQUEST}, text
        kept += len(answer.json().get("data", ()))
    assert kept


@pytest.mark.parametrize(("resource", "path"), FILTERS)
def test_the_query_language_keeps_the_same_rows(pair: Pair, resource: str, path: str) -> None:
    kept = 0
    for at, value in enumerate(dict.fromkeys([*_values(pair, resource, path)[:4], *FILTERS[resource, path]])):
        text = "'" + value.replace("'", "''") + "'"
        comparisons = (f"ge {value}", f"lt {text}", f"eq {value}", f"in ({text}, {text})", f"in ({value})", f"contains {text}")
        for comparison in (comparisons[at % 6], comparisons[(at + 3) % 6]):
            answer = pair.ask(resource, filter=f"not {path} {comparison}", limit="5", count="exact")
            assert answer.status_code in {httpx.codes.OK, httpx.codes.BAD_REQUEST}, comparison
            kept += answer.json().get("count", 0)
    assert kept


@pytest.mark.parametrize(("resource", "path"), FILTERS)
@pytest.mark.parametrize("direction", ["", "-"])
def test_orders_and_pages_both_ways_are_the_same(pair: Pair, resource: str, path: str, direction: str) -> None:
    asked = {"sort": direction + path, "limit": "17"}
    first = pair.ask(resource, **asked)
    assert first.status_code in {httpx.codes.OK, httpx.codes.BAD_REQUEST}
    if first.status_code == httpx.codes.OK and first.json()["next"] is not None:
        second = pair.ask(resource, **asked, cursor=first.json()["next"]).json()
        assert pair.ask(resource, **asked, cursor=second["prev"]).json()["data"] == first.json()["data"]


def test_several_filters_at_once_keep_the_same_rows(pair: Pair) -> None:
    one = next(record for record in pair.every(PLACEMENTS) if record["hoursCompleted"] is not None)
    filters = {
        "schoolReference.schoolId": str(one["schoolReference"]["schoolId"]),
        "hoursCompleted": str(one["hoursCompleted"]),
        "beginDate": one["beginDate"],
        "fieldworkTypeDescriptor": one["fieldworkTypeDescriptor"],
        "studentReference.studentUniqueId": one["studentReference"]["studentUniqueId"],
    }
    assert pair.ask(PLACEMENTS, **filters).json()["data"] == [one]
    assert pair.ask(PLACEMENTS, **filters | {"beginDate": "2026-01-01"}).json()["data"] == []


@pytest.mark.parametrize(("resource", "client", "parameters"), REFUSED)
def test_refusals_are_the_same(pair: Pair, resource: str, client: str, parameters: Mapping[str, str]) -> None:
    assert pair.ask(resource, client, **parameters).is_client_error


def test_a_cursor_of_another_query_is_refused_by_both(pair: Pair) -> None:
    following = pair.ask(CANDIDATES, limit="2").json()["next"]
    assert pair.ask(CANDIDATES, select="firstName", cursor=following).status_code == httpx.codes.BAD_REQUEST
    assert pair.ask(PLACEMENTS, cursor=following).status_code == httpx.codes.BAD_REQUEST
    assert pair.ask(CANDIDATES, limit="9", cursor=following).status_code == httpx.codes.OK


def test_who_is_not_known_hears_the_same(pair: Pair) -> None:
    for token in ("x", "a.b.c", pair.tokens[RIVERTON][:-2]):
        assert pair.ask(CANDIDATES, token=token).status_code == httpx.codes.UNAUTHORIZED
    assert pair.ask(CANDIDATES, "gone-sis").status_code == httpx.codes.UNAUTHORIZED
    for path in ("/v1/candidates", "/v2/candidates", "/v1/candidates/1", "/", "/readyz", "/oauth/jwks"):
        left, right = (world.api.get(path) for world in (pair.left, pair.right))
        assert _heard(left) == _heard(right), path


@pytest.mark.parametrize("form", [{}, {"grant_type": "password"}, {"grant_type": "client_credentials"}])
def test_token_requests_are_refused_alike(pair: Pair, form: Mapping[str, str]) -> None:
    left, right = (world.api.post("/oauth/token", form) for world in (pair.left, pair.right))
    assert left.is_client_error
    assert _heard(left) == _heard(right)


def test_random_requests_are_answered_alike(pair: Pair) -> None:
    chance = random.Random(SEED)
    pools = {(resource, path): [*_values(pair, resource, path), *FILTERS[resource, path]] for resource, path in FILTERS}
    cursors: list[str] = []
    statuses = set()
    for _ in range(RANDOM_QUESTIONS):
        question = _question(chance, pools, cursors)
        answer = pair.ask(question.resource, question.client, **question.parameters)
        statuses.add(answer.status_code)
        if answer.status_code == httpx.codes.OK and answer.json()["next"]:
            cursors.append(answer.json()["next"])
            continued = replace(question, parameters={**question.parameters, "cursor": cursors[-1]})
            assert pair.ask(continued.resource, continued.client, **continued.parameters).status_code == httpx.codes.OK
    assert statuses == {httpx.codes.OK, httpx.codes.BAD_REQUEST, httpx.codes.FORBIDDEN}


@dataclass(frozen=True)
class _Question:
    resource: str
    client: str
    parameters: Mapping[str, str]


def _question(chance: random.Random, pools: Mapping[tuple[str, str], Sequence[str]], cursors: Sequence[str]) -> _Question:
    resource = chance.choice(list(CLIENT_OF))
    paths = [path for known, path in pools if known == resource]
    parameters = {"limit": str(chance.choice((1, 2, 5, 19, 100, 1000)))}
    for path in chance.sample(paths, min(len(paths), chance.choice((0, 0, 1, 1, 1, 2)))):
        parameters[path] = chance.choice(pools[resource, path])
    if chance.random() < 0.3:
        parameters["select"] = ",".join(chance.sample(paths, chance.randint(1, len(paths))))
    if chance.random() < 0.1 and cursors:
        parameters["cursor"] = chance.choice(cursors)
    if chance.random() < 0.15:
        parameters["provider"] = chance.choice(("lakeside", "riverton"))
    if chance.random() < 0.1:
        parameters["purpose"] = chance.choice(("placement", "pipeline", "hiring"))
    client = CLIENT_OF[resource] if chance.random() < 0.95 else chance.choice((RIVERTON, LAKESIDE))
    return _Question(resource, client, parameters)


def _values(pair: Pair, resource: str, path: str) -> list[str]:
    """The different values that an element has in the permitted view, as a client would write them."""
    found: dict[str, None] = {}
    for record in pair.ask(resource, limit="1000").json()["data"]:
        value: Any = record
        for part in path.split("."):
            value = None if value is None else value[part]
        if value is not None:
            found[str(value).lower() if isinstance(value, bool) else str(value)] = None
    return list(found)
