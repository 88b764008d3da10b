"""An Ed-Fi API as a source: nothing is lost while rows move, whichever way of paging the server has."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.base import Incremental, Probing
from connectors.kinds import open_source
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.errors import FileErrors, IngestError
from tests.edfi_server import EdfiServer, edfi_server
from tests.edfi_source import CANDIDATES, PATH, fill, identifiers, opened, read, source_file
from tests.json_server import Asked, Reply

WAYS = {
    "partitions": EdfiServer(),
    "cursor": EdfiServer(partitions=False),
    "offsets": EdfiServer(partitions=False, cursors=False),
    "version 8": EdfiServer(version=8),
    "token by form": EdfiServer(forms_only=True),
    "small pages": EdfiServer(partitions=False, cursors=False, largest_page=7),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_row_comes_once_whichever_way_the_server_pages(tmp_path: Path, way: str) -> None:
    with opened(fill(WAYS[way]), tmp_path, "page_rows: 10") as (source, _):
        assert sorted(identifiers(source.pull(CANDIDATES))) == sorted(f"C{number}" for number in range(60))
        assert isinstance(source, Incremental)


@pytest.mark.parametrize("way", WAYS)
def test_a_collection_without_rows_has_none(tmp_path: Path, way: str) -> None:
    with opened(fill(WAYS[way], 0), tmp_path) as (source, _):
        assert identifiers(source.pull(CANDIDATES)) == []


def test_records_have_the_catalogs_words_without_any_mapping(tmp_path: Path) -> None:
    server = EdfiServer()
    server.put(
        PATH,
        "candidateIdentifier",
        id="0" * 32,
        _etag="5",
        link={"rel": "x"},
        candidateIdentifier="C1",
        birthDate="2001-02-03",
        firstGenerationStudent=True,
        tuitionCost=1200.5,
        sexDescriptor="uri://tpdm.ed-fi.org/SexDescriptor#Female",
        personReference={"personId": "P1", "sourceSystemDescriptor": "uri://ed-fi.org/SourceSystemDescriptor#State", "link": {}},
        races=[
            {"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#White"},
            {"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#Asian"},
        ],
        shoeSize=44,
    )
    with opened(server, tmp_path) as (source, _):
        [page] = source.pull(CANDIDATES)
        assert source.unmapped() == {"candidates": ("shoeSize",)}
    [record] = page.records
    filled = {path: text for path, text in record.elements.items() if text}
    assert filled == {
        "candidateIdentifier": "C1",
        "birthDate": "2001-02-03",
        "firstGenerationStudent": "true",
        "tuitionCost": "1200.5",
        "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Female",
        "personReference.personId": "P1",
        "personReference.sourceSystemDescriptor": "uri://ed-fi.org/SourceSystemDescriptor#State",
    }
    assert [member["raceDescriptor"] for member in record.collections["races"]] == [
        "uri://ed-fi.org/RaceDescriptor#White",
        "uri://ed-fi.org/RaceDescriptor#Asian",
    ]


def test_data_standard_5_has_educator_preparation_under_a_path_of_its_own(tmp_path: Path) -> None:
    server = EdfiServer(model="5.2.0", tpdm=True)
    server.put("tpdm/candidates", "candidateIdentifier", candidateIdentifier="C1")
    server.put(
        "ed-fi/credentials", "credentialIdentifier", credentialIdentifier="K1", _ext={"tpdm": {"certificationTitle": "Math"}}
    )
    with opened(server, tmp_path, resources="{candidates: {}, credentials: {}}") as (source, _):
        assert identifiers(source.pull(CANDIDATES)) == ["C1"]
        [page] = source.pull(ResourceName("credentials"))
    assert page.records[0].elements[ElementPath("certificationTitle")] == "Math"


@pytest.mark.parametrize("server", [EdfiServer(model="5.2.0", tpdm=True), EdfiServer()])
def test_sections_and_who_teaches_them_are_of_the_core_in_both_standards(tmp_path: Path, server: EdfiServer) -> None:
    key = {"localCourseCode": "M1", "schoolId": 4801, "schoolYear": 2027, "sessionName": "Fall", "link": {"rel": "x"}}
    server.put("ed-fi/sections", "sectionIdentifier", sectionIdentifier="s1", courseOfferingReference=key)
    server.put(
        "ed-fi/staffSectionAssociations",
        "beginDate",
        beginDate="2026-08-10",
        sectionReference={**key, "sectionIdentifier": "s1"},
        staffReference={"staffUniqueId": "T1", "link": {}},
    )
    with opened(server, tmp_path, resources="{sections: {}, staffSectionAssociations: {}}") as (source, _):
        [sections], [teaching] = (list(source.pull(ResourceName(name))) for name in source.resources())
        assert source.unmapped() == {}
    members = ("localCourseCode", "schoolId", "schoolYear", "sessionName")
    of_section = [sections.records[0].elements[ElementPath(f"courseOfferingReference.{name}")] for name in members]
    assert of_section == [teaching.records[0].elements[ElementPath(f"sectionReference.{name}")] for name in members]
    assert teaching.records[0].elements[ElementPath("staffReference.staffUniqueId")] == "T1"


def test_a_token_serves_many_pulls_and_one_that_ends_in_mid_pull_is_replaced(tmp_path: Path) -> None:
    server = fill(EdfiServer(partitions=False))
    with opened(server, tmp_path, "page_rows: 10") as (source, running):
        for _ in range(3):
            assert len(identifiers(source.pull(CANDIDATES))) == 60
        assert [asked.path for asked in running.asked].count("/oauth/token") == 1
        server.tokens.update(dict.fromkeys(server.tokens, 3))
        assert len(identifiers(source.pull(CANDIDATES))) == 60
        assert len(server.tokens) == 2


def test_a_wrong_secret_is_told_without_the_secret(tmp_path: Path) -> None:
    with edfi_server(fill(EdfiServer())) as running:
        source = open_source(read(tmp_path, source_file(running.base)), lambda _: "not the secret")
        with pytest.raises(IngestError, match="does not know this key and secret") as told:
            list(source.pull(CANDIDATES))
    assert "not the secret" not in str(told.value)


def test_an_empty_page_is_no_end(tmp_path: Path) -> None:
    server = fill(EdfiServer(partitions=False))
    pages = iter([Reply([], headers={"Next-Page-Token": "25-60"})])

    def first_is_empty(asked: Asked) -> Reply | None:
        return next(pages, None) if asked.query.get("pageToken") == "25-60" else None

    server.before = first_is_empty
    with opened(server, tmp_path) as (source, _), pytest.raises(IngestError, match="same page again"):
        list(source.pull(CANDIDATES))
    pages = iter([Reply([], headers={"Next-Page-Token": "25-59"})])
    server.before = lambda asked: next(pages, None) if asked.query.get("pageToken") == "25-60" else None
    with opened(server, tmp_path) as (source, _):
        assert len(identifiers(source.pull(CANDIDATES))) == 59


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    server = fill(EdfiServer())
    busy = iter([Reply({}, 429, {"Retry-After": "0"}), Reply({}, 503, {"Retry-After": "0"})])
    server.before = lambda asked: next(busy, None) if asked.path.endswith("candidates") else None
    with opened(server, tmp_path) as (source, _):
        assert len(identifiers(source.pull(CANDIDATES))) == 60


def test_a_page_that_fails_promotes_nothing(tmp_path: Path) -> None:
    server = fill(EdfiServer())
    server.before = lambda asked: Reply({}, 500) if asked.query.get("pageToken", "").startswith("30-") else None
    with opened(server, tmp_path, "page_rows: 10") as (source, _), pytest.raises(IngestError, match="status 500"):
        list(source.pull(CANDIDATES))


def test_a_snapshot_that_is_not_there_is_told(tmp_path: Path) -> None:
    with opened(fill(EdfiServer(snapshot=True), 3), tmp_path, "snapshot: true") as (source, running):
        assert len(identifiers(source.pull(CANDIDATES))) == 3
        assert all(asked.headers["use-snapshot"] == "true" for asked in running.asked if asked.path.startswith("/data/"))
    with opened(fill(EdfiServer(), 3), tmp_path, "snapshot: true") as (source, _), pytest.raises(IngestError, match="no snapshot"):
        list(source.pull(CANDIDATES))


def test_filters_and_a_path_of_its_own_are_asked_for(tmp_path: Path) -> None:
    server = EdfiServer()
    server.put("local/candidates", "candidateIdentifier", candidateIdentifier="C1")
    resources = "{candidates: {path: local/candidates, filter: {programName: Teaching}}}"
    with opened(server, tmp_path, resources=resources) as (source, running):
        assert identifiers(source.pull(CANDIDATES)) == ["C1"]
        data = [asked for asked in running.asked if asked.path.startswith("/data/")]
    assert data
    assert all(asked.query["programName"] == "Teaching" for asked in data)


def test_mistakes_in_the_connection_are_told_with_their_places(tmp_path: Path) -> None:
    text = (
        source_file("http://ods.example")
        .replace("secret: {env: EDFI_SECRET}", "secret: hunter2")
        .replace("limits: {tries: 3}", "page_rows: 501")
    )
    with pytest.raises(FileErrors) as told:
        read(tmp_path, text)
    lines = [str(problem) for problem in told.value.problems]
    assert len(lines) == 3
    assert "must begin with https" in lines[0]
    assert "write {env: NAME}" in lines[1]
    assert "501" in lines[2]
    assert "hunter2" not in " ".join(lines)


@pytest.mark.parametrize("largest", [500, 7])
@pytest.mark.parametrize("move", ["come", "go", "come and go"])
def test_rows_that_come_and_go_in_the_middle_of_a_pull_by_offsets_take_no_other_with_them(
    tmp_path: Path, move: str, largest: int
) -> None:
    server = fill(EdfiServer(partitions=False, cursors=False, largest_page=largest))
    rows, stays = server.rows[PATH], {f"C{number}" for number in range(60)}
    requests = 0

    def shift(asked: Asked) -> Reply | None:
        nonlocal requests
        if asked.path.endswith("candidates") and asked.query.get("limit", "0") != "0" and rows:
            requests += 1
            if "come" in move and requests in (2, 4, 5):
                rows[3:3] = [({"candidateIdentifier": f"new {requests} {n}"}, 61) for n in range(13)]
            if "go" in move and requests in (3, 4):
                stays.difference_update(record["candidateIdentifier"] for record, _ in rows[:12])
                del rows[:12]
        return None

    server.before = shift
    with opened(server, tmp_path, "page_rows: 10") as (source, _):
        found = identifiers(source.pull(CANDIDATES))
    assert stays <= set(found)
    assert requests < 60


def test_only_descriptors_have_their_namespace_read_as_the_later_one(tmp_path: Path) -> None:
    surveys, old = ResourceName("surveys"), "uri://tpdm.ed-fi.org/"
    server = EdfiServer()
    server.put(
        "ed-fi/surveys",
        "surveyIdentifier",
        surveyIdentifier="S1",
        namespace=f"{old}Survey",
        surveyTitle=f"Is {old}SexDescriptor#Female right?",
        surveyCategoryDescriptor=f"{old}SurveyCategoryDescriptor#Teacher",
        schoolYearTypeReference={"schoolYear": 2027, "link": {"rel": "x", "href": "y"}},
    )
    server.put(PATH, "candidateIdentifier", candidateIdentifier="C1", races=[{"raceDescriptor": f"{old}RaceDescriptor#White"}])
    with opened(server, tmp_path, resources="{surveys: {}, candidates: {}}") as (source, _):
        [[survey]] = [page.records for page in source.pull(surveys)]
        [[candidate]] = [page.records for page in source.pull(CANDIDATES)]
    assert survey.elements[ElementPath("namespace")] == f"{old}Survey"
    assert survey.elements[ElementPath("surveyTitle")] == f"Is {old}SexDescriptor#Female right?"
    assert survey.elements[ElementPath("surveyCategoryDescriptor")] == "uri://ed-fi.org/SurveyCategoryDescriptor#Teacher"
    assert candidate.collections["races"] == ({"raceDescriptor": "uri://ed-fi.org/RaceDescriptor#White"},)


def test_a_probe_lists_what_the_server_has_and_shows_what_no_element_names(tmp_path: Path) -> None:
    server = fill(EdfiServer(), 60)
    server.put("ed-fi/bellSchedules", "bellScheduleName", bellScheduleName="A")
    server.put(
        PATH, "candidateIdentifier", candidateIdentifier="C0", shoe={"size": 44}, personReference={"link": {"rel": "Person"}}
    )
    with opened(server, tmp_path) as (source, _):
        assert isinstance(source, Probing)
        assert list(source.offers()) == ["candidates", "ed-fi/bellSchedules"]
        sample = source.sample(CANDIDATES, 60)
    assert {len(texts) for texts in sample.values()} == {60}
    assert set(sample["candidateIdentifier"]) == {f"C{number}" for number in range(60)}
    assert sorted(sample["shoe.size"]) == [*[""] * 59, "44"]
    assert not any("link" in column for column in sample)


def test_a_server_that_does_not_say_what_it_has_is_offered_as_the_source_file_reads_it(tmp_path: Path) -> None:
    server = fill(EdfiServer(), 3)
    server.before = lambda asked: Reply({}, 404) if asked.path.endswith("dependencies") else None
    with opened(server, tmp_path) as (source, _):
        assert list(source.offers()) == ["candidates"]
