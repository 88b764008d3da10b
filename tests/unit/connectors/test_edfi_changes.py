"""Changes of an Ed-Fi API: what is gone is told as gone, whatever moves meanwhile; in doubt everything is pulled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.base import Page, PositionExpired
from gateway.domain.identifiers import ElementPath, ResourceName
from tests.edfi_server import EdfiServer
from tests.edfi_source import CANDIDATES, PATH, fill, identifiers, opened
from tests.json_server import Asked, Reply


def test_a_row_that_is_edited_in_mid_pull_is_not_lost_and_loses_no_other(tmp_path: Path) -> None:
    server = fill(EdfiServer(partitions=False, cursors=False))
    window = [("C5", "edited")]

    def edit(asked: Asked) -> Reply | None:
        if asked.query.get("offset") == "41" and window:
            identifier, name = window.pop()
            server.put(PATH, "candidateIdentifier", candidateIdentifier=identifier, firstName=name)
        return None

    with opened(server, tmp_path, "page_rows: 10") as (source, _):
        server.before = edit
        until = source.position(CANDIDATES)
        found = identifiers(source.changes(CANDIDATES, "0", until))
        assert set(found) == {f"C{number}" for number in range(60)} - {"C5"}, "the edited row left the window, and no other did"
        assert identifiers(source.changes(CANDIDATES, until, source.position(CANDIDATES))) == ["C5"]


def test_changes_come_in_the_order_keys_edits_deletes(tmp_path: Path) -> None:
    server = fill(EdfiServer(), 5)
    with opened(server, tmp_path) as (source, _):
        since = source.position(CANDIDATES)
        server.put(PATH, "candidateIdentifier", candidateIdentifier="C9")
        server.rename(PATH, "candidateIdentifier", "C1", "C11")
        server.delete(PATH, "candidateIdentifier", "C2")
        until = source.position(CANDIDATES)
        pages = list(source.changes(CANDIDATES, since, until))
        assert (since, until) == ("5", "8")
        first, last = pages[0], pages[-1]
        assert [(old.elements, new.elements) for old, new in first.rekeyed] == [
            ({"candidateIdentifier": "C1"}, {"candidateIdentifier": "C11"})
        ]
        assert sorted(identifiers(iter(pages))) == ["C11", "C9"]
        assert [record.elements for record in last.deleted] == [{"candidateIdentifier": "C2"}]
        assert list(source.changes(CANDIDATES, until, until)) == []


def test_an_expired_position_is_told(tmp_path: Path) -> None:
    server = replace(fill(EdfiServer(), 5), oldest=4)
    with opened(server, tmp_path) as (source, _), pytest.raises(PositionExpired):
        list(source.changes(CANDIDATES, "2", "5"))


def test_a_server_without_change_queries_has_no_position(tmp_path: Path) -> None:
    with opened(fill(EdfiServer(change_queries=False), 5), tmp_path) as (source, _):
        assert source.position(CANDIDATES) is None


def gone(pages: list[Page]) -> list[str]:
    return [record.elements[ElementPath("candidateIdentifier")] for page in pages for record in page.deleted]


@pytest.mark.parametrize("newest", [0, 3])
def test_versions_that_began_anew_are_told_as_an_expired_position(tmp_path: Path, newest: int) -> None:
    server = fill(EdfiServer(), 5)
    with opened(server, tmp_path) as (source, _):
        since = source.position(CANDIDATES)
        server.newest = newest
        with pytest.raises(PositionExpired):
            list(source.changes(CANDIDATES, since, source.position(CANDIDATES)))


def test_versions_that_begin_anew_between_position_and_changes_are_told(tmp_path: Path) -> None:
    server = fill(EdfiServer(), 5)
    with opened(server, tmp_path) as (source, _):
        until = source.position(CANDIDATES)
        server.newest = 3
        with pytest.raises(PositionExpired):
            list(source.changes(CANDIDATES, "2", until))


@pytest.mark.parametrize(
    "rule",
    [
        "filter: {programName: Teaching}",
        "fold: [candidateIdentifier]",
        "columns: {code: candidateIdentifier}",
        "columns: {candidateIdentifier: {element: candidateIdentifier, prefix: X}}",
    ],
)
def test_a_rule_of_which_change_queries_do_not_tell_all_is_compared_as_a_whole(tmp_path: Path, rule: str) -> None:
    with opened(fill(EdfiServer(), 5), tmp_path, resources=f"{{candidates: {{{rule}}}}}") as (source, _):
        assert source.position(CANDIDATES) is None


def test_columns_beside_the_key_do_not_stand_in_the_way_of_changes(tmp_path: Path) -> None:
    rule = "{candidates: {columns: {nick: firstName}, ignore: [firstName]}}"
    with opened(fill(EdfiServer(), 5), tmp_path, resources=rule) as (source, _):
        assert source.position(CANDIDATES) == "5"


@pytest.mark.parametrize("largest", [500, 7])
def test_no_delete_is_lost_when_one_before_it_is_taken_back_in_mid_read(tmp_path: Path, largest: int) -> None:
    server = fill(EdfiServer(largest_page=largest), 60)
    with opened(server, tmp_path, "page_rows: 10") as (source, _):
        since = source.position(CANDIDATES)
        for number in range(40):
            server.delete(PATH, "candidateIdentifier", f"C{number}")
        until = source.position(CANDIDATES)
        again = [f"C{number}" for number in range(0, 30, 2)]

        def add_again(asked: Asked) -> Reply | None:
            if asked.path.endswith("/deletes") and asked.query["limit"] != "0" and again:
                server.put(PATH, "candidateIdentifier", candidateIdentifier=again.pop())
            return None

        server.before = add_again
        told = gone(list(source.changes(CANDIDATES, since, until)))
        assert again == [] or len(again) < 15, "some were added again while the list was read"
        assert {f"C{number}" for number in range(1, 40, 2)} | {"C30", "C32", "C34", "C36", "C38"} <= set(told)
        added = identifiers(source.changes(CANDIDATES, until, source.position(CANDIDATES)))
        assert len(added) == 15 - len(again)


def test_keys_that_were_changed_twice_come_in_the_order_of_the_changes(tmp_path: Path) -> None:
    server = fill(EdfiServer(), 60)
    with opened(server, tmp_path, "page_rows: 10") as (source, _):
        since = source.position(CANDIDATES)
        for number in range(30):
            server.rename(PATH, "candidateIdentifier", f"C{number}", f"D{number}")
        for number in range(30):
            server.rename(PATH, "candidateIdentifier", f"D{number}", f"E{number}")
        pages = list(source.changes(CANDIDATES, since, source.position(CANDIDATES)))
    path = ElementPath("candidateIdentifier")
    pairs = [(old.elements[path], new.elements[path]) for page in pages for old, new in page.rekeyed]
    first, second = [(f"C{n}", f"D{n}") for n in range(30)], [(f"D{n}", f"E{n}") for n in range(30)]
    assert pairs == first + second


@pytest.mark.parametrize("status", [403, 404, None])
@pytest.mark.parametrize("what", ["deletes", "keyChanges"])
def test_a_server_that_does_not_give_its_deletes_is_pulled_whole(tmp_path: Path, what: str, status: int | None) -> None:
    server = fill(EdfiServer(counts=status is not None), 5)
    if status is not None:
        server.before = lambda asked: Reply({}, status) if asked.path.endswith(what) else None
    with opened(server, tmp_path) as (source, _):
        since = source.position(CANDIDATES)
        server.delete(PATH, "candidateIdentifier", "C2")
        with pytest.raises(PositionExpired):
            list(source.changes(CANDIDATES, since, source.position(CANDIDATES)))


def test_the_key_of_a_delete_has_the_words_of_the_records(tmp_path: Path) -> None:
    people = ResourceName("people")
    server = EdfiServer()
    server.put(
        "ed-fi/people", "personId", personId="P1", sourceSystemDescriptor="uri://tpdm.ed-fi.org/SourceSystemDescriptor#State"
    )
    with opened(server, tmp_path, resources="{people: {}}") as (source, _):
        since = source.position(people)
        [page] = source.pull(people)
        [record] = page.records
        server.delete("ed-fi/people", "personId", "P1")
        descriptor = "uri://tpdm.ed-fi.org/SourceSystemDescriptor#State"
        server.deletes[0][1]["keyValues"] = {"personId": " P1 ", "sourceSystemDescriptor": descriptor}
        [last] = source.changes(people, since, source.position(people))
    key = {path: record.elements[ElementPath(path)] for path in ("personId", "sourceSystemDescriptor")}
    assert [found.elements for found in last.deleted] == [key]


def test_a_row_for_which_a_condition_holds_no_longer_is_gone(tmp_path: Path) -> None:
    server = fill(EdfiServer(), 5)
    with opened(server, tmp_path, resources="{candidates: {only: {firstName: [N1, N2, kept]}}}") as (source, _):
        since = source.position(CANDIDATES)
        assert sorted(identifiers(source.pull(CANDIDATES))) == ["C1", "C2"]
        server.put(PATH, "candidateIdentifier", candidateIdentifier="C1", firstName="left")
        server.put(PATH, "candidateIdentifier", candidateIdentifier="C4", firstName="kept")
        pages = list(source.changes(CANDIDATES, since, source.position(CANDIDATES)))
    assert identifiers(iter(pages)) == ["C4"]
    assert gone(pages) == ["C1"]


def test_changes_of_a_snapshot_are_asked_of_the_snapshot_alone(tmp_path: Path) -> None:
    server = fill(EdfiServer(snapshot=True), 5)
    with opened(server, tmp_path, "snapshot: true") as (source, running):
        since = source.position(CANDIDATES)
        server.delete(PATH, "candidateIdentifier", "C2")
        assert gone(list(source.changes(CANDIDATES, since, source.position(CANDIDATES)))) == ["C2"]
        asked = [each for each in running.asked if each.path.startswith(("/data/", "/changeQueries/"))]
        assert len(asked) > 3
        assert all(each.headers.get("use-snapshot") == "true" for each in asked)
        server.snapshot = False
        assert source.position(CANDIDATES) is None, "then everything is read, and that tells that there is no snapshot"
