"""The feed of changes: a consumer that applies each answer has the permitted view, and hears of nothing else."""

from __future__ import annotations

import random
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from pyroaring import BitMap
from sqlalchemy import func, insert, or_, select, update

from gateway.domain.identifiers import AgreementId, InstitutionId, ResourceName
from gateway.store.epoch import advance_epoch
from gateway.store.schema import consent, opt_out
from gateway.tlog.subjects import subject_commitment
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.registrar import Line, correct
from tests.world import EXAMPLE, World, open_world, placement_world

CLIENT = "riverton-sis"
CANDIDATES = ResourceName("candidates")
FEEDS = Path(__file__).with_name("feeds.yaml")
PURPOSES = ("early_hire", "placement", "evaluation")
PLACED = "      fieldworkExperiences:\n"
AT = "2026-11-24T00:00:00.000000Z"
OFFERED = "        change_feed: true\n        formats: [json, ndjson]\n"


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("feed")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as placed:
        amend(placed)
        yield placed


def amend(world: World, *changes: tuple[str, str]) -> None:
    """The example with a feed of candidates and placements, and other changes."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for resource in ("      candidates:\n", "      fieldworkExperiences:\n"):
        text = text.replace(resource, resource + OFFERED)
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file = world.folder / "amended.yaml"
    file.write_text(text, encoding="utf-8")
    world.agree(file)


def ask(world: World, resource: str, **parameters: str) -> httpx.Response:
    return world.api.get(f"/v1/{resource}/changes", world.token(CLIENT), **parameters)


@dataclass
class Consumer:
    """Keeps what it hears, as a district's system would."""

    world: World
    resource: str = "candidates"
    limit: str = "7"
    select: str = ""
    purpose: str = "placement"
    since: str | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    salt: bytes = b""

    @property
    def asked(self) -> dict[str, str]:
        return {"purpose": self.purpose} | ({"select": self.select} if self.select else {})

    def hear(self) -> list[str]:
        """Ask until there is no more; the kinds of the events."""
        kinds: list[str] = []
        more = True
        while more:
            kinds += self.hear_once()
            more = self.more
        return kinds

    def hear_once(self) -> list[str]:
        since = {"since": self.since} if self.since else {}
        answer = ask(self.world, self.resource, limit=self.limit, **self.asked, **since)
        assert answer.status_code == httpx.codes.OK, answer.text
        self.salt = b64decode(answer.headers["gateway-body-salt"])
        body = answer.json()
        assert len(body["data"]) <= int(self.limit)
        for event in body["data"]:
            if event["event"] == "withdrawn":
                assert set(event) == {"event", "id", "destroy_by"}
                del self.kept[event["id"]]
            else:
                assert (event["event"] == "updated") == (event["id"] in self.kept)
                self.kept[event["id"]] = event["record"]
        self.since, self.more = body["next"], body["more"]
        assert not self.more or len(body["data"]) == int(self.limit)
        return [event["event"] for event in body["data"]]

    def has_the_view(self) -> bool:
        """Whether it has what pages would give."""
        answer = self.world.api.get(f"/v1/{self.resource}", self.world.token(CLIENT), limit="1000", **self.asked)
        return sorted(map(orjson.dumps, answer.json()["data"])) == sorted(map(orjson.dumps, self.kept.values()))


def test_a_consumer_that_applies_what_it_hears_has_the_view(world: World) -> None:
    chance = random.Random(5)
    consumers = [Consumer(world), Consumer(world, "fieldworkExperiences", "1000"), Consumer(world, select="lastSurname")]

    def candidate(line: Line) -> Line | None:
        match chance.randrange(6):
            case 0:
                return None
            case 1:
                return {**line, "Last": f"{line['Last']}{chance.randrange(9)}"}
            case 2:
                return {**line, "Phone": f"555 010 {chance.randrange(1000, 9999)}"}
            case _:
                return line

    for _ in range(4):
        for consumer in consumers:
            consumer.hear()
            assert consumer.has_the_view()
            assert consumer.hear() == []
        correct(world, "candidates.csv", candidate)
        correct(world, "placements.csv", lambda line: {**line, "School": str(600_100 + chance.randrange(1, 43))})
        correct(world, "candidates.csv", lambda line: {**line, "Last": line["Last"].upper()} if chance.random() < 0.1 else line)


def edit(world: World, at: int, **new: str) -> None:
    """Correct one candidate's line."""
    numbers = iter(range(1_000))
    correct(world, "candidates.csv", lambda line: {**line, **new} if next(numbers) == at else line)


def test_each_change_is_told_once(world: World) -> None:
    consumer = Consumer(world)
    assert set(consumer.hear()) == {"inserted"}
    edit(world, 1, Last="Younger")
    edit(world, 0, Last="Older")
    ids = iter(range(1_000))
    correct(world, "candidates.csv", lambda line: None if next(ids) == 2 else line)
    consumer.limit = "1"
    names: list[str] = []
    for _ in range(3):
        before = dict(consumer.kept)
        consumer.hear_once()
        names += [record["lastSurname"] for id_, record in consumer.kept.items() if before.get(id_) != record]
    assert sorted(names) == ["Older", "Younger"]
    assert consumer.more is False
    assert consumer.has_the_view()


def test_the_order_of_changes_tells_nothing_of_hidden_edits(world: World) -> None:
    """By version, a record whose birth date was corrected last would come last."""
    correct(world, "candidates.csv", lambda line: {**line, "Middle": "Quentin"})
    consumer = Consumer(world, limit="1000")
    consumer.hear()
    places = {id_: at for at, id_ in enumerate(consumer.kept)}
    for at in (3, 1, 2, 0):
        edit(world, at, Last=f"Seen-{at}")
    for at in (0, 2, 1, 3):
        edit(world, at, Middle=f"Quincy-{at}")
    told = [event["id"] for event in ask(world, "candidates", limit="1000", since=str(consumer.since)).json()["data"]]
    assert len(told) == 4
    assert told == sorted(told, key=lambda id_: places[id_])


def test_an_edit_of_what_is_withheld_is_no_change(world: World) -> None:
    consumer = Consumer(world)
    consumer.hear()
    hidden = {"Born": "1990-01-01", "LowIncome": "Y"}
    correct(world, "candidates.csv", lambda line: {**line, **hidden, "Middle": line["Middle"] and line["Middle"] + "x"})
    assert consumer.hear() == []
    assert consumer.has_the_view()


def test_pages_of_changes_do_not_tell_how_much_was_compared(world: World) -> None:
    """Sixty hidden edits around one that can be seen: one event, and no second page."""
    consumer = Consumer(world, limit="1")
    consumer.hear()
    ids = iter(range(1_000))
    correct(world, "candidates.csv", lambda line: {**line, "Born": "1991-02-03"} | ({"Last": "Seen"} if next(ids) == 30 else {}))
    assert consumer.hear_once() == ["updated"]
    assert consumer.more is False


def test_a_place_is_never_the_same_text_and_good_for_its_feed_only(world: World) -> None:
    places = [ask(world, "candidates", limit="1").json()["next"] for _ in range(2)]
    assert places[0] != places[1]
    world.client("riverton-other", "riverton")
    asked = [
        ask(world, "fieldworkExperiences", since=places[0]),
        world.api.get("/v1/candidates/changes", world.token("riverton-other"), since=places[0]),
        ask(world, "candidates", since=places[0][:-2]),
        ask(world, "candidates", since="1"),
        ask(world, "candidates", since=world.api.get("/v1/candidates", world.token(CLIENT)).headers["gateway-version"]),
    ]
    details = {(answer.status_code, answer.json()["detail"]) for answer in asked}
    assert len(details) == 1
    assert "leave it out" in details.pop()[1]


def test_a_feed_that_is_not_offered_is_refused_by_its_rule(world: World) -> None:
    world.agree()
    answer = ask(world, "candidates")
    assert (answer.status_code, answer.json()["reasons"][0]["rule"]) == (403, "GW-FEED-01")
    assert world.leaves("refusal")[-1]["rules"] == ["GW-FEED-01"]


def test_what_a_feed_does_not_take_is_refused(world: World) -> None:
    for name in ("filter", "sort", "count", "cursor", "as_of", "lastSurname"):
        answer = ask(world, "candidates", **{name: "x"})
        assert answer.status_code == httpx.codes.BAD_REQUEST
        assert "`since`" in answer.json()["detail"]
    answer = world.api.get_as("/v1/candidates/changes", world.token(CLIENT), {"accept": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (406, "GW-REQ-06")


def test_the_entry_counts_and_names_whom_it_was_about(world: World) -> None:
    consumer = Consumer(world, limit="1000")
    consumer.hear()
    ids = iter(range(1_000))
    correct(world, "candidates.csv", lambda line: None if next(ids) < 3 else {**line, "Last": line["Last"].upper()})
    kinds = consumer.hear()
    leaf = world.leaves("disclosure")[-1]
    assert (leaf["operation"], leaf["rows"], leaf["withdrawn"]) == ("feed", str(kinds.count("updated")), "3")
    rows = world.gateway.tables[CANDIDATES].rows
    with world.gateway.database.read() as connection:
        newest = connection.execute(select(func.max(rows.c.from_version))).scalar_one()
        moved = connection.execute(select(rows.c.person_id).where(or_(rows.c.from_version == newest, rows.c.to_version == newest)))
        persons = BitMap(moved.scalars())
    key = world.gateway.ring.agreement(AgreementId("lakeside-riverton"), InstitutionId("lakeside")).subject.secret
    assert leaf["subjects"] == subject_commitment(key, consumer.salt, "candidates", persons).hex()
    assert len(persons) == len(kinds)


def test_lines_carry_the_same_events(world: World) -> None:
    body = ask(world, "candidates", limit="5").json()
    answer = world.api.get_as("/v1/candidates/changes", world.token(CLIENT), {"accept": "application/x-ndjson"}, limit="5")
    assert [orjson.loads(line) for line in answer.content.splitlines()] == body["data"]
    assert answer.headers["gateway-more"] == "true"
    assert "gateway-notice" in answer.headers
    again = ask(world, "candidates", limit="1000", since=answer.headers["gateway-next"])
    assert len(again.json()["data"]) + 5 == len(ask(world, "candidates", limit="1000").json()["data"])


def test_a_wider_permit_tells_all_again_and_a_narrower_one_withdraws(world: World) -> None:
    consumer = Consumer(world, "fieldworkExperiences")
    count = len(consumer.hear())
    scope = "        rows: [{element: schoolReference.schoolId, at_most: 600120}]\n        discloses: [schoolReference.schoolId]\n"
    amend(world, (PLACED, PLACED + scope))
    kinds = consumer.hear()
    assert set(kinds) == {"withdrawn"} and 0 < len(kinds) < count
    assert consumer.has_the_view()
    correct(world, "placements.csv", lambda line: {**line, "Hours": "12.5"} if line["School"] < "600110" else line)
    amend(world, (PLACED, PLACED + scope), ("          hoursCompleted: share\n", "          hoursCompleted: withhold\n"))
    assert set(consumer.hear()) == {"updated"}
    assert consumer.has_the_view()
    amend(world)
    assert set(consumer.hear()) == {"updated", "inserted"}
    assert consumer.has_the_view() and len(consumer.kept) == count


@pytest.fixture(params=BACKENDS)
def rights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Feeds whose rows depend on other records, opt-outs, consents and the day."""
    folder = tmp_path_factory.mktemp("feed")
    with new_database(request.param, request, folder) as url, open_world(folder / "home", url) as opened:
        opened.agree(FEEDS)
        opened.operate("riverton")
        opened.client(CLIENT, "riverton", tuple(PURPOSES))
        opened.load()
        yield opened


def test_consumers_follow_whatever_lets_rows_be_seen(rights: World) -> None:
    """Random opt-outs, consents, moves between schools, edits and days; every consumer has its view after each."""
    chance = random.Random(8)
    consumers = [Consumer(rights, limit="5", purpose=purpose) for purpose in PURPOSES]
    heard: Counter[str] = Counter()
    persons = candidates_of(rights)
    for step in range(14):
        for consumer in consumers:
            heard.update(f"{consumer.purpose} {kind}" for kind in consumer.hear())
            assert consumer.has_the_view(), (step, consumer.purpose)
            assert consumer.hear() == []
        happen(chance, rights, persons)
    expected = {f"{purpose} {kind}" for purpose in PURPOSES for kind in ("inserted", "updated", "withdrawn")}
    assert expected <= heard.keys()


def candidates_of(world: World) -> list[int]:
    rows = world.gateway.tables[CANDIDATES].rows
    with world.gateway.database.read() as connection:
        return sorted(connection.execute(select(rows.c.person_id)).scalars())


def happen(chance: random.Random, world: World, persons: list[int]) -> None:
    some = chance.sample(persons, 6)
    match chance.randrange(5):
        case 0:
            refuse(world, some)
        case 1:
            agree_in_writing(world, some, "2026-11-24", chance.choice((None, "2026-11-26")))
        case 2:
            correct(world, "placements.csv", lambda line: {**line, "School": str(600_100 + chance.randrange(1, 43))})
        case 3:
            correct(world, "candidates.csv", lambda line: {**line, "Last": f"{line['Last']}{chance.randrange(3)}"})
        case _:
            world.later(days=1)


def refuse(world: World, persons: list[int]) -> None:
    """Each opts out, or rescinds where it did before."""
    with world.gateway.database.write() as connection:
        epoch = advance_epoch(connection)
        for person in persons:
            of = (opt_out.c.person_id == person, opt_out.c.to_version.is_(None))
            if not connection.execute(update(opt_out).where(*of).values(to_version=epoch)).rowcount:
                row = {"provider_id": "lakeside", "person_id": person, "from_version": epoch, "at": AT}
                connection.execute(insert(opt_out).values(row))


def agree_in_writing(world: World, persons: list[int], signed: str, until: str | None) -> None:
    """Each consents, or withdraws where it did before."""
    with world.gateway.database.write() as connection:
        epoch = advance_epoch(connection)
        for person in persons:
            of = (consent.c.person_id == person, consent.c.to_version.is_(None))
            if not connection.execute(update(consent).where(*of).values(to_version=epoch)).rowcount:
                scope = {"form": "release-2026", "recipient_id": "riverton", "purpose": "evaluation"}
                said = {"from_version": epoch, "signed_on": signed, "until_day": until, "method": "paper", "at": AT}
                connection.execute(insert(consent).values({"provider_id": "lakeside", "person_id": person, **scope, **said}))


def test_who_opts_out_in_the_middle_of_a_walk_is_not_told(rights: World) -> None:
    consumer = Consumer(rights, limit="5", purpose="early_hire")
    consumer.hear_once()
    refuse(rights, candidates_of(rights))
    assert consumer.more is True
    assert consumer.hear_once() == []
    assert consumer.more is False
    told = set(consumer.kept)
    answer = ask(rights, "candidates", purpose="early_hire", limit="1000", since=str(consumer.since)).json()
    withdrawn = {event["id"] for event in answer["data"] if event["event"] == "withdrawn"}
    assert len(withdrawn) == len(answer["data"])
    assert told < withdrawn, "also of those that the walk had not come to"


def test_what_is_withdrawn_says_until_when_to_destroy_it(rights: World) -> None:
    consumer = Consumer(rights, limit="1000", purpose="early_hire")
    consumer.hear()
    refuse(rights, candidates_of(rights)[:1])
    event = ask(rights, "candidates", purpose="early_hire", since=str(consumer.since)).json()["data"][0]
    assert (event["event"], event["destroy_by"]) == ("withdrawn", "2027-02-22")


def test_a_place_older_than_versions_are_kept_is_gone(rights: World) -> None:
    consumer = Consumer(rights, limit="1000", purpose="early_hire")
    consumer.hear()
    rights.later(days=31)
    correct(rights, "candidates.csv", lambda line: {**line, "Last": "Later"})
    answer = ask(rights, "candidates", purpose="early_hire", since=str(consumer.since))
    assert (answer.status_code, answer.json()["code"]) == (410, "GW-REQ-07")
    assert "without `since`" in answer.json()["detail"]
