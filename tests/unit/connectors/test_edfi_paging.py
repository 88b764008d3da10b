"""Offsets from the end backwards: whatever moves meanwhile, a row that is there all the time comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from connectors.edfi_paging import Backwards, Stretch
from connectors.json_rows import Json
from gateway.errors import IngestError

SEEDS = 400
ORDERS = ("new rows at the end", "new rows anywhere", "edited rows go to the end", "edited rows leave the window")


@dataclass
class Listing:
    """Rows that move by chance before each of the first `restless` requests, in one of the orders that servers have. `always` are
    the rows that were there all the time."""

    order: str
    chance: Random
    count: int
    limit: int = 500
    restless: int = 0
    moves: int = 1
    asked: int = 0
    rows: list[dict[str, Json]] = field(default_factory=list)
    always: set[Json] = field(default_factory=set)
    made: int = 0
    edits: int = 0

    def __post_init__(self) -> None:
        for _ in range(self.count):
            self.insert(len(self.rows))
        self.always = {row["id"] for row in self.rows}

    def ask(self, offset: int, most: int, count: bool) -> Stretch:
        for _ in range(self.moves if self.asked < self.restless else 0):
            self.chance.choice((self.come, self.go, self.edit))()
        self.asked += 1
        found = self.rows[offset : offset + min(most, self.limit)]
        return Stretch(found, len(self.rows) if count else None)

    def insert(self, at: int) -> None:
        self.rows.insert(at, {"id": self.made, "edits": 0})
        self.made += 1

    def come(self) -> None:
        anywhere = self.order in (ORDERS[1], ORDERS[3])
        self.insert(self.chance.randrange(len(self.rows) + 1) if anywhere else len(self.rows))

    def go(self) -> None:
        if self.rows:
            self.always.discard(self.rows.pop(self.chance.randrange(len(self.rows)))["id"])

    def edit(self) -> None:
        if not self.rows:
            return
        at = self.chance.randrange(len(self.rows))
        old = self.rows.pop(at)
        self.edits += 1
        new: dict[str, Json] = {"id": old["id"], "edits": self.edits}
        if self.order == "edited rows leave the window":
            self.always.discard(old["id"])
        elif self.order == "edited rows go to the end":
            self.rows.append(new)
        else:
            self.rows.insert(at, new)


def read(listing: Listing, rows: int) -> list[Json]:
    return [row["id"] for page in Backwards(listing.ask, "https://ods.example/data", rows).pages() for row in page]


@pytest.mark.parametrize("order", ORDERS)
def test_no_row_is_lost_while_others_come_go_and_are_edited(order: str) -> None:
    moved = 0
    for seed in range(SEEDS):
        chance = Random(f"{order} {seed}")
        limit = chance.choice((500, chance.randrange(2, 12)))
        listing = Listing(order, chance, chance.randrange(80), limit, chance.randrange(60), chance.choice((1, 1, 2)))
        before = listing.made
        found = read(listing, chance.randrange(3, 12))
        assert listing.always <= set(found), f"seed {seed}"
        moved += listing.made - before
    assert moved > SEEDS, "the lists did move"


@pytest.mark.parametrize(("count", "limit"), [(0, 500), (1, 500), (9, 500), (10, 500), (11, 500), (200, 500), (200, 7), (200, 2)])
def test_a_list_that_rests_comes_once_for_about_one_request_a_page(count: int, limit: int) -> None:
    listing = Listing(ORDERS[0], Random(0), count, limit)
    assert sorted(map(str, read(listing, 10))) == sorted(map(str, range(count)))
    assert listing.asked <= 5 + count / (min(10, limit) - 1)


def test_a_row_that_was_edited_at_the_very_end_comes_as_it_is_now() -> None:
    listing = Listing(ORDERS[2], Random(0), 30)
    plain = listing.ask

    def ask(offset: int, most: int, count: bool) -> Stretch:
        if offset == 0 and most:
            listing.rows.append({**listing.rows.pop(0), "edits": 1})
            listing.rows.append({**listing.rows.pop(25), "edits": 1})
        return plain(offset, most, count)

    pages = list(Backwards(ask, "https://ods.example/data", 10).pages())
    assert {row["id"] for page in pages for row in page} == set(range(30))
    assert [row["id"] for row in pages[-1]] == [0, 26]


@pytest.mark.parametrize("times", [1, 1000])
@pytest.mark.parametrize("at", [0, 32])
def test_a_page_that_comes_in_the_place_of_another_hides_no_row(at: int, times: int) -> None:
    listing = Listing(ORDERS[0], Random(0), 60)
    given: list[int] = []

    def ask(offset: int, most: int, count: bool) -> Stretch:
        if offset == at and most and len(given) < times:
            given.append(offset)
            return listing.ask(at + 5, most, count)
        return listing.ask(offset, most, count)

    pages = Backwards(ask, "https://ods.example/data", 10).pages()
    if times == 1:
        assert {row["id"] for page in pages for row in page} == set(range(60))
    else:
        with pytest.raises(IngestError, match=r"fewer rows than it counts|changes faster than it can be read"):
            list(pages)
    assert given


@pytest.mark.parametrize("way", ["one row a page", "never at rest"])
def test_a_list_that_never_rests_is_refused_and_not_read_for_ever(way: str) -> None:
    listing = Listing(ORDERS[0], Random(0), 30, limit=1 if way == "one row a page" else 500)
    plain = listing.ask

    def ask(offset: int, most: int, count: bool) -> Stretch:
        if way == "never at rest":
            listing.insert(len(listing.rows))
        return plain(offset, most, count)

    with pytest.raises(IngestError, match="changes faster than it can be read by offsets") as told:
        list(Backwards(ask, "https://ods.example/data", 10).pages())
    assert "https://ods.example/data" in str(told.value)
    assert listing.asked < 1000
