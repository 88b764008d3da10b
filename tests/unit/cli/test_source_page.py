"""The page of how sources stand: what is late or failed comes first, what a source file names is escaped, nothing is fetched."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from gateway.cli.source.page import status_page
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.store.turns import Freshness, LastRun, LastTurn, ResourceState

NOW = datetime(2026, 11, 28, 10, 50, tzinfo=UTC)
LAKESIDE = InstitutionId("lakeside")
HOSTILE = '"><script>alert(1)</script>'


class Read(HTMLParser):
    """The tags of a page, its ids and links, the cells of each row of its tables, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self._within: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        self._within.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "style" in self._within:
            return
        self.text += data
        if {"td", "th"} & set(self._within):
            self.rows[-1][-1] += data


def state(
    resource: str,
    *,
    hours: float | None = 1,
    late_after: float | None = None,
    run: LastRun | None = None,
    quarantined: int = 0,
    source: str = "banner",
    provider: InstitutionId = LAKESIDE,
) -> ResourceState:
    synced = None if hours is None else utc_text(NOW - timedelta(hours=hours))
    after = None if late_after is None else timedelta(hours=late_after)
    return ResourceState(Freshness(provider, source, ResourceName(resource), synced, after), run, quarantined)


def test_a_row_says_when_it_was_synced_how_old_that_is_when_it_is_due_and_what_came_of_it() -> None:
    promoted = LastRun(utc_text(NOW), "promoted", 12_031, None)
    read = Read(status_page([state("candidates", hours=9, late_after=26, run=promoted)], [], NOW))
    assert read.rows[1] == [
        "candidates",
        "2026-11-28 01:50 UTC",
        "9 hours",
        "2026-11-29 03:50 UTC",
        "In time",
        "promoted",
        "12,031",
        "0",
    ]
    assert len(read.rows[0]) == len(read.rows[1])
    assert "Needs a look" not in read.text


def test_what_is_late_or_failed_comes_first_with_a_link_to_its_row() -> None:
    failed = LastRun(utc_text(NOW), "failed", 0, "GW-ING-01")
    states = [
        state("candidates", hours=30, late_after=26, run=failed),
        state("schools", hours=None, late_after=1),
        state("staffs", hours=900),
    ]
    read = Read(status_page(states, [], NOW))
    assert "3 resources: 2 late, 1 failed, 0 with rows in quarantine." in read.text
    assert "candidates of banner (lakeside): late and the last run failed" in read.text
    assert "schools of banner (lakeside): late" in read.text
    assert "staffs of banner" not in read.text, "without a schedule nothing is late"
    assert [link.removeprefix("#") for link in read.links] == read.ids[1:3]
    assert [row[4] for row in read.rows[1:]] == ["Late", "Late", "No schedule"]
    assert read.rows[1][5] == "failed (GW-ING-01)"
    assert read.rows[2][1] == "never"


def test_a_turn_that_failed_needs_a_look_until_something_was_synced_well() -> None:
    before = LastTurn(LAKESIDE, "banner", utc_text(NOW - timedelta(hours=2)), "GW-ING-01")
    assert "Needs a look" not in Read(status_page([state("candidates", hours=1)], [before], NOW)).text
    assert "its last scheduled turn failed" in Read(status_page([state("candidates", hours=3)], [before], NOW)).text


def test_rows_in_quarantine_have_the_command_that_lists_them() -> None:
    read = Read(status_page([state("candidates", quarantined=312), state("schools")], [], NOW))
    assert "312 rows of candidates in quarantine, and why: gateway source quarantine lakeside --resource candidates" in read.text
    assert read.text.count("gateway source quarantine") == 1


def test_what_a_source_file_names_is_text_in_the_page_and_one_word_in_the_shell() -> None:
    hostile = state(HOSTILE, provider=InstitutionId(HOSTILE), source=HOSTILE, hours=None, late_after=1, quarantined=1)
    turn = LastTurn(InstitutionId(HOSTILE), HOSTILE, utc_text(NOW), HOSTILE)
    page = status_page([hostile], [turn], NOW)
    read = Read(page)
    assert "script" not in read.tags
    assert HOSTILE in read.text
    assert f"gateway source quarantine '{HOSTILE}' --resource '{HOSTILE}'" in read.text
    assert {link[:1] for link in read.links} == {"#"}


def test_the_page_fetches_nothing_and_reads_on_a_small_screen_and_in_the_dark() -> None:
    page = status_page([state("candidates")], [], NOW).decode()
    assert not re.search(r"url\(|@import|https?:|\bon[a-z]+=", page)
    assert "default-src 'none'" in page
    for needed in ('lang="en"', 'name="viewport"', "prefers-color-scheme:dark", "@media (max-width"):
        assert needed in page


def test_without_any_source_it_says_so() -> None:
    assert "No source was ever synced." in Read(status_page([], [], NOW)).text


def test_a_turn_that_failed_before_anything_was_read_needs_a_look_too() -> None:
    turn = LastTurn(LAKESIDE, "banner", utc_text(NOW), "GW-ING-01")
    text = Read(status_page([], [turn], NOW)).text
    assert "No source was ever synced." in text
    assert "banner (lakeside): its last scheduled turn failed" in text
