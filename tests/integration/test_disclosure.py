"""The permitted view over HTTP, on both databases: what it shows, and that nothing else can be spoken about."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest

from tests.world import World

WITHHELD = (
    "birthDate",
    "sexDescriptor",
    "hispanicLatinoEthnicity",
    "economicDisadvantageDescriptor",
    "races.raceDescriptor",
    "disabilities.disabilityDescriptor",
    "genderIdentity",
    "identificationDocuments.documentTitle",
)
PSEUDONYM = re.compile(r"[0-9a-f]{32}")


def ask(world: World, resource: str = "candidates", client: str = "riverton-sis", **parameters: str) -> httpx.Response:
    return world.api.get(f"/v1/{resource}", world.token(client), **parameters)


def every(world: World, resource: str = "candidates", client: str = "riverton-sis", **parameters: str) -> list[dict[str, Any]]:
    """All records, page by page."""
    records: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = ask(world, resource, client, **parameters, **cursor)
        assert answer.status_code == 200, answer.text
        records += answer.json()["data"]
        following = answer.json()["next"]
        if following is None:
            return records
        cursor = {"cursor": following}


def test_a_page_holds_the_permitted_elements_treated_as_agreed(placement: World) -> None:
    answer = ask(placement, limit="60")
    body = answer.json()
    assert list(body) == ["notice", "data", "next", "prev"]
    assert "34 CFR 99.33" in body["notice"]
    assert answer.headers["gateway-redisclosure"] == "prohibited; 34 CFR 99.33"
    assert len(body["data"]) == 60
    for record in body["data"]:
        assert list(record) == [
            "candidateIdentifier",
            "firstName",
            "lastSurname",
            "middleName",
            "electronicMails",
            "telephones",
        ]
        assert PSEUDONYM.fullmatch(record["candidateIdentifier"])
        assert record["middleName"] is None or re.fullmatch(r".\.", record["middleName"])
        assert all(re.fullmatch(r"\*\*\*\d{4}", member["telephoneNumber"]) for member in record["telephones"])


def test_a_date_is_generalised_to_its_year(placement: World) -> None:
    years = {record["beginDate"] for record in every(placement, "candidateEducatorPreparationProgramAssociations")}
    assert years <= {2022, 2023, 2024, 2025}


def test_a_pseudonym_joins_resources_of_one_agreement(placement: World) -> None:
    candidates = {record["candidateIdentifier"] for record in every(placement)}
    placed = {record["studentReference"]["studentUniqueId"] for record in every(placement, "fieldworkExperiences")}
    assert placed
    assert placed <= candidates
    one = sorted(placed)[0]
    found = every(placement, "fieldworkExperiences", **{"studentReference.studentUniqueId": one})
    assert [record["studentReference"]["studentUniqueId"] for record in found] == [one]


@pytest.mark.parametrize("limit", ["1", "7", "60", "1000"])
def test_pages_of_any_size_hold_every_record_once(placement: World, limit: str) -> None:
    whole = every(placement, "fieldworkExperiences", limit="1000")
    assert every(placement, "fieldworkExperiences", limit=limit) == whole
    assert len({record["fieldworkIdentifier"] for record in whole}) == len(whole)


def test_select_gives_those_elements_in_catalog_order(placement: World) -> None:
    record = ask(placement, select="lastSurname,firstName", limit="1").json()["data"][0]
    assert list(record) == ["firstName", "lastSurname"]


def test_an_equality_filter_keeps_the_rows_that_have_the_value(placement: World) -> None:
    whole = every(placement, "fieldworkExperiences")
    kind = whole[0]["fieldworkTypeDescriptor"]
    kept = every(placement, "fieldworkExperiences", fieldworkTypeDescriptor=kind)
    assert kept == [record for record in whole if record["fieldworkTypeDescriptor"] == kind]


PLACED = "fieldworkExperiences"


def test_a_filter_keeps_the_rows_for_which_it_holds(placement: World) -> None:
    whole = every(placement, PLACED)
    schools = sorted({record["schoolReference"]["schoolId"] for record in whole})
    middle = schools[len(schools) // 2]
    asked = f"(schoolReference.schoolId ge {middle} or not fieldworkTypeDescriptor contains 'Practicum') and beginDate ne null"
    expected = [
        record
        for record in whole
        if (record["schoolReference"]["schoolId"] >= middle or "Practicum" not in record["fieldworkTypeDescriptor"])
        and record["beginDate"] is not None
    ]
    assert 0 < len(expected) < len(whole)
    assert every(placement, PLACED, filter=asked, limit="3") == expected
    assert ask(placement, PLACED, filter=asked, count="exact", limit="1").json()["count"] == len(expected)


def test_a_filter_holds_beside_an_equality(placement: World) -> None:
    one = every(placement, PLACED)[0]
    school, kind = one["schoolReference"]["schoolId"], one["fieldworkTypeDescriptor"]
    kept = every(placement, PLACED, filter=f"schoolReference.schoolId eq {school}", fieldworkTypeDescriptor=kind)
    assert one in kept
    assert all((r["schoolReference"]["schoolId"], r["fieldworkTypeDescriptor"]) == (school, kind) for r in kept)


def test_a_filter_on_a_generalised_day_compares_years(placement: World) -> None:
    resource = "candidateEducatorPreparationProgramAssociations"
    whole = every(placement, resource)
    assert every(placement, resource, filter="beginDate lt 2024") == [record for record in whole if record["beginDate"] < 2024]
    answer = ask(placement, resource, filter="beginDate lt 2024-01-01")
    assert answer.status_code == 400
    assert "a whole number, as in beginDate ge 2024" in answer.json()["detail"]


def test_a_filter_finds_pseudonyms_and_members_of_lists(placement: World) -> None:
    whole = every(placement)
    some = [record["candidateIdentifier"] for record in whole[:3]]
    listed = ", ".join(f"'{text}'" for text in (*some, "0" * 32))
    assert every(placement, filter=f"candidateIdentifier in ({listed})") == whole[:3]
    assert every(placement, filter=f"not candidateIdentifier in ({listed})") == whole[3:]
    enrolments = "candidateEducatorPreparationProgramAssociations"
    years = every(placement, enrolments, filter="cohortYears.schoolYearTypeReference.schoolYear ge 2025")
    assert years == [
        record
        for record in every(placement, enrolments)
        if any(member["schoolYearTypeReference"]["schoolYear"] >= 2025 for member in record["cohortYears"])
    ]


def test_an_order_holds_over_all_pages(placement: World) -> None:
    whole = every(placement, PLACED)
    expected = sorted(whole, key=lambda record: record["beginDate"], reverse=True)
    expected.sort(key=lambda record: record["fieldworkTypeDescriptor"])
    for limit in ("1", "7", "1000"):
        assert every(placement, PLACED, sort="fieldworkTypeDescriptor,-beginDate", limit=limit) == expected


@pytest.mark.parametrize("asked", [{}, {"sort": "-beginDate"}, {"filter": "schoolReference.schoolId lt 600120"}])
def test_pages_lead_back_to_the_first(placement: World, asked: dict[str, str]) -> None:
    forth = [ask(placement, PLACED, limit="6", **asked).json()]
    while forth[-1]["next"] is not None:
        forth.append(ask(placement, PLACED, limit="6", cursor=forth[-1]["next"], **asked).json())
    assert len(forth) > 2
    assert [page["prev"] is None for page in forth] == [True, *[False] * (len(forth) - 1)]
    back = forth[-1]
    for page in reversed(forth[:-1]):
        back = ask(placement, PLACED, limit="6", cursor=back["prev"], **asked).json()
        assert back["data"] == page["data"]
        assert (back["prev"] is None, back["next"]) == (page["prev"] is None, page["next"])


def test_a_count_is_there_only_when_it_is_asked_for(placement: World) -> None:
    assert list(ask(placement, limit="2", count="exact").json()) == ["notice", "data", "next", "prev", "count"]
    assert ask(placement, limit="2", count="exact").json()["count"] == len(every(placement))
    assert "count" not in ask(placement, limit="2", count="none").json()


@pytest.mark.parametrize("path", [*WITHHELD, "noSuchElement"])
def test_withheld_and_unknown_elements_are_the_same_error_in_filter_and_sort(placement: World, path: str) -> None:
    for comparison in ("eq 'x'", "ge 2000", "isnull", "lt 2026-01-01"):
        problem = ask(placement, filter=f"not ({path} {comparison})").json()
        assert (problem["code"], problem["status"]) == ("GW-REQ-02", 400)
        assert problem["detail"] == f"`filter`, column 6: `{path}` is not an element of your permitted view of this resource."
    problem = ask(placement, sort=path).json()
    assert (problem["code"], problem["detail"]) == (
        "GW-REQ-02",
        f"`{path}` is not an element of your permitted view of this resource.",
    )


def test_the_entry_names_what_was_compared_and_no_value(placement: World) -> None:
    secret = "Zanzibar"
    for asked in (f"fieldworkTypeDescriptor contains '{secret}' or not schoolReference.schoolId in (1, 2)", "beginDate isnull"):
        assert ask(placement, PLACED, filter=asked, sort="beginDate", **{"hoursCompleted": "5"}).status_code == 200
    first, second = placement.leaves("disclosure")[-2:]
    assert first["filtered_by"] == ["fieldworkTypeDescriptor", "hoursCompleted", "schoolReference.schoolId"]
    assert second["filtered_by"] == ["beginDate", "hoursCompleted"]
    assert first["sorted_by"] == ["beginDate"]
    assert "counted" not in first
    counted = ask(placement, PLACED, filter="beginDate ne null", count="exact", limit="2").json()["count"]
    told = placement.leaves("disclosure")[-1]
    assert (told["rows"], told["counted"], told["sorted_by"]) == ("2", str(counted), [])
    assert secret not in str(placement.leaves())


def test_the_same_request_gives_the_same_bytes(placement: World) -> None:
    first, second = (ask(placement, limit="9") for _ in range(2))
    assert first.content == second.content


@pytest.mark.parametrize("path", [*WITHHELD, "noSuchElement", "candidates.firstName", "sealed", "record_id", "person_id"])
def test_withheld_and_unknown_elements_are_the_same_error(placement: World, path: str) -> None:
    for parameters in ({path: "x"}, {"select": path}):
        answer = ask(placement, **parameters)
        assert answer.status_code == 400
        problem = answer.json()
        assert problem.pop("request")
        assert problem == {
            "type": "urn:educator-data-gateway:problem:GW-REQ-02",
            "title": "No such element in your permitted view",
            "status": 400,
            "detail": f"`{path.replace('_', '')}` is not an element of your permitted view of this resource.",
            "code": "GW-REQ-02",
        } or ("_" in path and problem["code"] == "GW-REQ-01")


@pytest.mark.parametrize("path", ["firstName", "middleName", "telephones.telephoneNumber"])
def test_identifiers_masks_and_lists_cannot_be_compared(placement: World, path: str) -> None:
    assert ask(placement, **{path: "x"}).json()["code"] == "GW-REQ-01"


def test_a_made_up_pseudonym_finds_nothing(placement: World) -> None:
    for made_up in ("0" * 32, "zz", "' OR 1=1 --", "f" * 33):
        assert every(placement, candidateIdentifier=made_up) == []


def test_a_cursor_is_good_for_its_own_query_only(placement: World) -> None:
    following = ask(placement, limit="2").json()["next"]
    assert ask(placement, limit="2", cursor=following).status_code == 200
    for other in (
        {"select": "firstName"},
        {"candidateIdentifier": "0" * 32},
        {"filter": "candidateIdentifier ne 'x'"},
        {"filter": "candidateIdentifier ne 'y'"},
    ):
        assert ask(placement, cursor=following, **other).status_code == 400
    assert ask(placement, "fieldworkExperiences", cursor=following).status_code == 400
    of_a_filter = ask(placement, PLACED, limit="2", filter="beginDate ne null", sort="beginDate").json()["next"]
    for sort, asked, status in (
        ("beginDate", "beginDate  ne  null", 200),
        ("beginDate", "not beginDate isnull", 200),
        ("-beginDate", "beginDate ne null", 400),
        ("beginDate,fieldworkTypeDescriptor", "beginDate ne null", 400),
        ("beginDate", "beginDate isnull", 400),
        ("beginDate", "beginDate ge 2020-01-01", 400),
    ):
        assert ask(placement, PLACED, cursor=of_a_filter, sort=sort, filter=asked).status_code == status
    assert ask(placement, cursor=following[:-2] + "AA").status_code == 400


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"limit": "0"}, "GW-REQ-01"),
        ({"limit": "1001"}, "GW-REQ-01"),
        ({"limit": "ten"}, "GW-REQ-01"),
        ({"cursor": "x"}, "GW-REQ-01"),
        ({"first name": "x"}, "GW-REQ-01"),
        ({"candidateIdentifier": "a\x00b"}, "GW-REQ-01"),
    ],
)
def test_a_parameter_that_cannot_be_served_is_named_and_logged(placement: World, parameters: dict[str, str], code: str) -> None:
    before = len(placement.leaves("refusal"))
    answer = ask(placement, **parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(placement.leaves("refusal")) == before + 1


@pytest.mark.parametrize(
    ("resource", "client", "parameters", "rule"),
    [
        ("candidates", "riverton-sis", {"purpose": "hiring"}, "GW-AGR-01"),
        ("candidates", "riverton-sis", {"purpose": "research"}, "GW-PUR-01"),
        ("financialAids", "riverton-sis", {}, "GW-AGR-01"),
        ("candidates", "riverton-sis", {"provider": "elsewhere"}, "GW-AGR-05"),
        ("candidates", "riverton-sis", {"agreement": "another"}, "GW-AGR-05"),
        ("candidates", "lakeside-sis", {}, "GW-AGR-01"),
        ("noSuchResource", "riverton-sis", {}, "GW-REQ-01"),
    ],
)
def test_what_no_agreement_covers_is_refused_with_rule_and_citation(
    placement: World, resource: str, client: str, parameters: dict[str, str], rule: str
) -> None:
    answer = ask(placement, resource, client, **parameters)
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["reasons"]
    assert all(reason["rule"] and reason["citation"] and reason["title"] for reason in problem["reasons"])
    assert rule in {reason["rule"] for reason in problem["reasons"]} or rule == "GW-AGR-05"
    assert placement.leaves("refusal")[-1]["rules"] == sorted(reason["rule"] for reason in problem["reasons"])


def test_an_entry_commits_to_the_exact_bytes_that_were_sent(placement: World) -> None:
    answer = ask(placement, limit="3")
    salt = base64.b64decode(answer.headers["gateway-body-salt"])
    leaf = placement.leaves("disclosure")[-1]
    assert leaf["id"] == answer.headers["gateway-entry"]
    assert leaf["body"] == hashlib.sha256(salt + answer.content).hexdigest()
    assert leaf["rows"] == "3"
    assert leaf["request"] == answer.headers["gateway-request"]
    assert leaf["treated"]["candidateIdentifier"] == "pseudonymise"
    assert "birthDate" in leaf["withheld"]


def test_no_value_of_a_record_stands_in_a_leaf(placement: World) -> None:
    answer = ask(placement, limit="60")
    leaves = str(placement.leaves())
    for record in answer.json()["data"]:
        assert record["candidateIdentifier"] not in leaves
        assert record["electronicMails"][0]["electronicMailAddress"] not in leaves


def test_the_log_verifies_after_all_this(placement: World) -> None:
    verified = placement.gateway.verify_log()
    assert verified.details >= 1
    assert verified.details_out_of_reach == 0


def test_without_a_good_token_there_is_one_answer(placement: World) -> None:
    good = placement.token("riverton-sis")
    bad = (None, "", "x.y.z", good[:-4] + "AAAA", good + "A")
    answers = [placement.api.get("/v1/candidates", token) for token in bad]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["detail"] for answer in answers} == {answers[0].json()["detail"]}
    assert answers[0].headers["www-authenticate"] == "Bearer"


def test_other_methods_and_paths_are_problems(placement: World) -> None:
    token = placement.token("riverton-sis")
    assert placement.api.post("/v1/candidates", {}).status_code == 405
    assert placement.api.get("/v2/candidates", token).status_code == 404
    assert placement.api.get("/v1/candidates/1", token).headers["content-type"] == "application/problem+json"
    assert placement.api.get("/healthz").text == "ok\n"
    assert placement.api.get("/readyz").text == "ready\n"


def test_answers_are_never_cached_nor_sniffed(placement: World) -> None:
    answer = ask(placement, limit="1")
    assert answer.headers["cache-control"] == "no-store, private"
    assert answer.headers["x-content-type-options"] == "nosniff"
