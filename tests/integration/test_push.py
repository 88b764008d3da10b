"""An institution that cannot be reached sends its records: in parts, again after a broken connection, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from gateway.cli.source.files import read_source
from gateway.custody import destroy_data_key, rotate_data_key
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.stage import Stage
from gateway.store.exclusive import exclusive
from gateway.store.schema import push_part
from gateway.take_batches import take_batches
from tests.world import World, open_world

LAKESIDE, CANDIDATES = InstitutionId("lakeside"), ResourceName("candidates")
SOURCE = """version: 1
id: sent
provider: lakeside
maintainer: {kind: epp}
kind: push
resources:
  candidates:
    columns: {Id: candidateIdentifier, First: firstName, Last: lastSurname, Born: {element: birthDate, date: true}}
    deleted: {Gone: "yes"}
"""
CSV, LINES = "text/csv", "application/x-ndjson"
HEADER = "Id,First,Last,Born,Gone\n"
ROWS = HEADER + "1,Zoë,Adams,2001-02-03,\n2,Bo,Brown,2002-03-04,\n3,Cy,Clark,2003-04-05,\n"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with open_world(tmp_path / "home", database_url) as opened:
        opened.agree()
        opened.client("lakeside-sis", "lakeside", ("pipeline",), ("sources:push",))
        opened.client("riverton-sis", "riverton", ("placement",), ("sources:push",))
        opened.client("reader", "lakeside", ("pipeline",), ("records:read",))
        file = tmp_path / "sent.source.yaml"
        file.write_text(SOURCE, encoding="utf-8")
        opened.pushed[LAKESIDE, "sent"] = read_source(file, opened.gateway.catalog)
        yield opened


def put(
    world: World, batch: str, part: int, content: str | bytes, media: str = CSV, client: str = "lakeside-sis"
) -> httpx.Response:
    body = content.encode() if isinstance(content, str) else content
    return world.api.put(f"/v1/push/sent/candidates/{batch}/{part}", body, world.token(client), media)


def complete(world: World, batch: str, parts: int, mode: str = "whole", *, allow_shrink: bool = True) -> httpx.Response:
    said = {"parts": parts, "mode": mode, "allow_shrink": allow_shrink}
    return world.api.post_json(f"/v1/push/sent/candidates/{batch}", said, world.token("lakeside-sis"))


def look(world: World, batch: str) -> dict[str, Any]:
    answer: dict[str, Any] = world.api.get(f"/v1/push/sent/candidates/{batch}", world.token("lakeside-sis")).json()
    return answer


def take(world: World) -> int:
    return take_batches(world.gateway, lambda: world.pushed)


def send(world: World, batch: str, content: str, mode: str = "whole", media: str = CSV) -> dict[str, Any]:
    assert put(world, batch, 1, content, media).status_code == httpx.codes.ACCEPTED
    assert complete(world, batch, 1, mode).status_code == httpx.codes.ACCEPTED
    take(world)
    return look(world, batch)


def counts(inserted: int = 0, updated: int = 0, deleted: int = 0, unchanged: int = 0, quarantined: int = 0) -> dict[str, int]:
    changed = {"inserted": inserted, "updated": updated, "deleted": deleted}
    return changed | {"unchanged": unchanged, "quarantined": quarantined}


def test_parts_cut_anywhere_are_one_batch(world: World) -> None:
    content = ROWS.encode()
    cuts = [0, 3, 26, 27, 60, len(content)]
    for number, (start, end) in enumerate(pairwise(cuts), start=1):
        assert put(world, "n1", number, content[start:end]).status_code == httpx.codes.ACCEPTED
    assert look(world, "n1")["parts"] == [1, 2, 3, 4, 5]
    done = complete(world, "n1", 5)
    assert (done.status_code, done.json()["state"]) == (httpx.codes.ACCEPTED, "complete")
    assert take(world) == 1
    assert look(world, "n1") == {"batch": "n1", "state": "promoted", "parts": [], "mode": "whole", "counts": counts(inserted=3)}
    with world.gateway.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(push_part)).scalar_one() == 0, "parts go when they were taken in"


def test_a_part_or_a_batch_that_comes_again_changes_nothing(world: World) -> None:
    for _ in range(2):
        assert put(world, "n1", 1, ROWS).status_code == httpx.codes.ACCEPTED
    for _ in range(2):
        assert complete(world, "n1", 1).status_code == httpx.codes.ACCEPTED
    assert (take(world), take(world)) == (1, 0)
    assert complete(world, "n1", 1).json()["state"] == "promoted"
    assert take(world) == 0
    assert send(world, "n2", ROWS)["state"] == "unchanged"


def test_changes_need_everything_first_and_then_end_only_what_they_name(world: World) -> None:
    early = send(world, "c0", ROWS, "changes")
    assert early["state"] == "failed"
    assert "mode whole" in early["failure"]
    send(world, "n1", ROWS)
    changed = HEADER + "2,Bob,Brown,2002-03-04,\n4,Di,Dunn,2004-05-06,\n3,,,,yes\n"
    assert send(world, "c1", changed, "changes")["counts"] == counts(1, 1, 1)
    assert (
        send(world, "n2", HEADER + "1,Zoë,Adams,2001-02-03,\n2,Bob,Brown,2002-03-04,\n4,Di,Dunn,2004-05-06,\n")["state"]
        == "unchanged"
    )


def test_json_lines_are_the_same_records_and_a_line_that_is_none_is_quarantined(world: World) -> None:
    send(world, "n1", ROWS)
    lines = (
        '{"Id": "1", "First": "Zoë", "Last": "Adams", "Born": "2001-02-03"}\n'
        '{"Id": 2, "First": "Bo", "Last": "Brown", "Born": "2002-03-04"}\n'
        '\n{"Id": "3", "First": "Cy", "Last": "Clark", "Born": "2003-04-05"}\n{"Id": NaN}\n'
    )
    assert send(world, "n2", lines, media=LINES)["counts"] == counts(unchanged=3, quarantined=1)
    gone = '{"Id": "3", "Gone": "yes"}\n'
    assert send(world, "c1", gone, "changes", LINES)["counts"] == counts(deleted=1)


@pytest.mark.parametrize(
    ("number", "content", "media", "told"),
    [
        (0, ROWS, CSV, "numbered from 1"),
        (10_001, ROWS, CSV, "numbered from 1"),
        (1, "other", CSV, "other content"),
        (2, ROWS, LINES, "is text/csv"),
        (2, ROWS, "text/html", "as text/csv or application/x-ndjson"),
        (2, b"x" * (8 * 1024 * 1024 + 1), CSV, "at most"),
    ],
)
def test_a_part_that_does_not_belong_is_refused_and_changes_nothing(
    world: World, number: int, content: str | bytes, media: str, told: str
) -> None:
    put(world, "n1", 1, ROWS)
    answer = put(world, "n1", number, content, media)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert told in answer.json()["detail"]
    assert look(world, "n1")["parts"] == [1]
    assert world.leaves("refusal")[-1]["operation"] == "push"


def test_a_batch_with_a_part_missing_is_not_complete(world: World) -> None:
    put(world, "n1", 1, ROWS)
    put(world, "n1", 3, "4,Di,Dunn,2004-05-06,\n")
    assert "part 2 is missing" in complete(world, "n1", 3).json()["detail"]
    assert complete(world, "n1", 1).status_code == httpx.codes.BAD_REQUEST
    assert complete(world, "none", 1).status_code == httpx.codes.BAD_REQUEST
    assert take(world) == 0


def test_nobody_sends_for_another_institution_or_learns_what_it_has(world: World) -> None:
    other = put(world, "n1", 1, ROWS, client="riverton-sis")
    nowhere = world.api.put("/v1/push/nothing/candidates/n1/1", ROWS.encode(), world.token("lakeside-sis"), CSV)
    assert other.status_code == nowhere.status_code == httpx.codes.BAD_REQUEST
    assert other.json()["detail"] == nowhere.json()["detail"]
    assert put(world, "n1", 1, ROWS, client="reader").status_code == httpx.codes.FORBIDDEN
    assert world.api.put("/v1/push/sent/candidates/n1/1", ROWS.encode(), "x", CSV).status_code == httpx.codes.UNAUTHORIZED


def test_a_batch_waits_while_its_provider_is_synced(world: World) -> None:
    put(world, "n1", 1, ROWS)
    complete(world, "n1", 1)
    with exclusive(world.gateway.database, "sync/lakeside"):
        assert take(world) == 0
        assert look(world, "n1")["state"] == "complete"
    assert take(world) == 1


def test_a_batch_that_cannot_be_read_fails_with_its_reason_and_leaves_what_was(world: World) -> None:
    send(world, "n1", ROWS)
    failed = send(world, "n2", "Id,First\n1,Zoë\n")
    assert failed["state"] == "failed"
    assert "has no column Last" in failed["failure"]
    assert send(world, "n3", ROWS)["state"] == "unchanged"


def test_parts_lie_sealed_and_follow_a_rotation_of_keys(world: World) -> None:
    put(world, "n1", 1, ROWS)
    with world.gateway.database.read() as connection:
        stored = connection.execute(select(push_part.c.content)).scalar_one()
    assert b"Adams" not in bytes(stored)
    desk = world.gateway.custody_desk("test")
    with world.gateway.database.read() as connection:
        [old] = [key.key_id for key in world.gateway.ring.stored(connection, "provider", LAKESIDE, "data")]
    rotate_data_key(LAKESIDE, desk, lambda _: None)
    destroy_data_key(old, desk)
    complete(world, "n1", 1)
    assert take(world) == 1
    assert look(world, "n1")["counts"] == counts(inserted=3)


def test_a_batch_that_was_received_is_on_the_log(world: World) -> None:
    put(world, "n1", 1, ROWS)
    answer = complete(world, "n1", 1)
    [leaf] = world.leaves("push")
    assert (leaf["provider"], leaf["batch"], leaf["parts"], leaf["mode"]) == ("lakeside", "n1", "1", "whole")
    assert answer.headers["gateway-entry"] == leaf["id"]


def test_a_batch_that_is_not_as_the_one_before_is_told_on_the_log(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    send(world, "n1", ROWS)
    assert send(world, "n2", ROWS.replace("Gone\n", "Gone,Hat\n").replace(",\n", ",,x\n"))["state"] == "unchanged"
    [line] = [line for line in capsys.readouterr().out.splitlines() if "source drifted" in line]
    assert "'new': ['Hat']" in line
    lacking = send(world, "n3", "Id,First,Born,Gone,Hat\n1,Zoë,2001-02-03,,x\n")
    assert lacking["state"] == "failed"
    [line] = [line for line in capsys.readouterr().out.splitlines() if "source drifted" in line]
    assert "'gone': ['Last']" in line


def test_a_batch_that_fails_of_what_nobody_expected_ends_and_keeps_no_other_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fault(*_: object) -> None:
        raise ValueError("Zebedee")

    with monkeypatch.context() as broken:
        broken.setattr(Stage, "take", fault)
        failed = send(world, "n1", ROWS)
    assert (failed["state"], failed["failure"]) == ("failed", "GW-000: The gateway failed.")
    [line] = [line for line in capsys.readouterr().out.splitlines() if "batch failed" in line]
    assert "ValueError" in line
    assert "Zebedee" not in line
    assert send(world, "n2", ROWS)["state"] == "promoted"
