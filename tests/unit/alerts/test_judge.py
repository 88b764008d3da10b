"""Each rule over entries fires once, and does not just below its limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.alerts.judge import most_of_habit
from gateway.alerts.rules import FirstUse, Hours, OffHours, Refusals, Rule, Volume
from tests.unit.alerts.traffic import ELEMENTS, MONDAY, TODAY, days_of_work, disclosed, raised, refused

CHICAGO = ZoneInfo("America/Chicago")
VOLUME = Volume(name="volume", zone=CHICAGO, floor=500, new_floor=5_000)
NIGHT = OffHours(name="night", zone=CHICAGO, hours=Hours(7, 19), rows=500)
FIRST = FirstUse(name="first")
REFUSED = Refusals(name="refused", count=10, within=timedelta(hours=1))
HOUR = timedelta(hours=1)
EVENING = timedelta(hours=11)
"""From nine in the morning to eight in the evening."""


@pytest.mark.parametrize(
    ("history", "most"),
    [
        ([1_000] * 28, 2_000),  # who reads the same each day has a quarter of it as spread
        ([100] * 14 + [10_000] * 14, 5_050 + int(4 * 1.4826 * 4_950)),
        ([1_000] * 27 + [1_000_000], 2_000),  # one day that was too much does not make it a habit
        ([0, 0, 0, 0], None),
        ([7], None),
    ],
)
def test_a_habit_is_the_median_and_four_times_the_spread(history: list[int], most: int | None) -> None:
    assert most_of_habit(VOLUME, history) == most


def test_more_rows_than_the_habit_fire_once_and_as_many_do_not() -> None:
    habit = days_of_work(1_000)
    assert raised(VOLUME, [*habit, disclosed(TODAY, 2_000)]) == ()
    [alert] = raised(VOLUME, [*habit, disclosed(TODAY, 2_000), disclosed(TODAY + HOUR, 1), disclosed(TODAY + 2 * HOUR, 9_000)])
    assert (alert.client, alert.counts, alert.at) == ("sis", {"rows": 2_001, "most": 2_000}, TODAY + HOUR)
    assert alert.said == "sis got 2,001 rows on 2026-11-30; usual are up to 2,000 a day."
    assert (alert.rule, alert.kind, alert.institutions) == ("volume", "volume_above_habit", ("lakeside", "riverton"))


def test_pages_of_one_day_count_together_and_those_of_another_zones_day_do_not() -> None:
    habit, pages = days_of_work(1_000), [disclosed(TODAY + HOUR * at, 401) for at in range(5)]
    assert len(raised(VOLUME, [*habit, *pages])) == 1
    # From nine to one in Chicago it is one day; in Bangkok midnight is between them.
    assert raised(replace(VOLUME, zone=ZoneInfo("Asia/Bangkok")), [*habit, *pages]) == ()


def test_below_the_floor_no_volume_is_told() -> None:
    habit = days_of_work(10)
    assert raised(VOLUME, [*habit, disclosed(TODAY, 500)]) == ()
    assert len(raised(VOLUME, [*habit, disclosed(TODAY, 501)])) == 1


def test_a_client_without_a_habit_has_a_floor_of_its_own() -> None:
    four, five = days_of_work(1_000, days=4), days_of_work(1_000, days=5)
    assert raised(VOLUME, [*four, disclosed(TODAY, 5_000)]) == ()
    [alert] = raised(VOLUME, [*four, disclosed(TODAY, 5_001)])
    assert "no habit yet" in alert.said
    assert len(raised(VOLUME, [*five, disclosed(TODAY, 2_001)])) == 1


def test_what_a_client_did_before_the_days_of_its_habit_is_forgotten() -> None:
    old = [replace(seen, at=seen.at - timedelta(days=29)) for seen in days_of_work(100_000, days=20)]
    habit = days_of_work(1_000, days=5)
    assert len(raised(VOLUME, [*old, *habit, disclosed(TODAY, 2_001)], since=TODAY)) == 1


@pytest.mark.parametrize(("ago", "habit"), [(28, True), (29, False)])
def test_the_days_of_a_habit_are_counted_to_the_day(ago: int, habit: bool) -> None:
    five = [disclosed(TODAY - timedelta(days=ago), 1_000), *days_of_work(1_000, days=4)]
    assert bool(raised(VOLUME, [*five, disclosed(TODAY, 2_001)], since=TODAY)) == habit


def test_rows_of_one_client_are_not_anothers() -> None:
    mixed = [*days_of_work(100), *days_of_work(10_000, client="other")]
    mixed.sort(key=lambda seen: seen.at)
    [alert] = raised(VOLUME, [*mixed, disclosed(TODAY, 10_000, "other"), disclosed(TODAY + HOUR, 10_000, "sis")], since=TODAY)
    assert alert.client == "sis"


def test_a_bulk_read_outside_the_hours_fires_once_and_a_small_one_does_not() -> None:
    assert raised(NIGHT, [disclosed(TODAY + EVENING, 500)]) == ()
    [alert] = raised(NIGHT, [disclosed(TODAY + EVENING, 500), disclosed(TODAY + EVENING + HOUR, 1)])
    assert (alert.kind, alert.counts) == ("off_hours_bulk", {"rows": 501, "most": 500})
    assert "since the evening of 2026-11-30" in alert.said


@pytest.mark.parametrize(("local", "fires"), [("06:59", True), ("07:00", False), ("18:59", False), ("19:00", True)])
def test_the_hours_begin_and_end_on_the_minute(local: str, fires: bool) -> None:
    hour, minute = map(int, local.split(":"))
    at = TODAY.astimezone(CHICAGO).replace(hour=hour, minute=minute)
    assert bool(raised(NIGHT, [disclosed(at, 501)])) == fires


def test_a_night_goes_on_after_midnight_and_the_weekend_is_outside_the_hours() -> None:
    before, after = disclosed(TODAY + EVENING, 300), disclosed(TODAY + EVENING + 8 * HOUR, 300)
    assert len(raised(NIGHT, [before, after])) == 1
    assert raised(NIGHT, [before, disclosed(TODAY + EVENING + 24 * HOUR, 300)]) == (), "another night"
    assert len(raised(NIGHT, [disclosed(TODAY - timedelta(days=1), 501)])) == 1, "a Sunday at nine"


def test_who_always_reads_at_night_may() -> None:
    habit = days_of_work(5_000, days=20, hour=11)
    assert raised(NIGHT, [*habit, disclosed(TODAY + EVENING, 10_000)], since=TODAY) == ()
    assert len(raised(NIGHT, [*habit, disclosed(TODAY + EVENING, 10_001)], since=TODAY)) == 1


def test_who_reads_round_the_clock_may_on_a_sunday_too() -> None:
    hours = [disclosed(MONDAY + HOUR * at, 100) for at in range(24 * 7 * 8)]
    assert raised(NIGHT, hours, since=MONDAY + timedelta(days=28)) == ()
    # Six times as much on one Sunday is found among Sundays.
    sunday = MONDAY + timedelta(days=7 * 7 - 1)
    loud = [replace(seen, rows=600) if sunday <= seen.at < sunday + HOUR * 9 else seen for seen in hours]
    assert len(raised(NIGHT, loud, since=MONDAY + timedelta(days=28))) == 1


def test_rows_of_working_hours_make_no_habit_for_the_night() -> None:
    habit = [seen for seen in days_of_work(5_000) if seen.at.weekday() in NIGHT.hours.days]
    assert len(raised(NIGHT, [*habit, disclosed(TODAY + EVENING, 501)], since=TODAY)) == 1


def test_the_first_use_of_an_element_fires_once() -> None:
    more = ELEMENTS | {"candidates.birthDate"}
    used = [*days_of_work(1), disclosed(TODAY), disclosed(TODAY + HOUR, elements=more), disclosed(TODAY + 2 * HOUR, elements=more)]
    [alert] = raised(FIRST, used)
    assert alert.elements == ("candidates.birthDate",)
    assert alert.said == "sis used candidates.birthDate for the first time."
    assert alert.entries == (f"entry sis {(TODAY + HOUR).isoformat()}",)


def test_two_elements_that_are_new_one_after_the_other_are_two_alerts() -> None:
    one, two = ELEMENTS | {"candidates.birthDate"}, ELEMENTS | {"candidates.sexDescriptor"}
    assert len(raised(FIRST, [*days_of_work(1), disclosed(TODAY, elements=one), disclosed(TODAY + HOUR, elements=two)])) == 2


def test_in_its_first_days_everything_is_new_to_a_client_and_nothing_is_told() -> None:
    more = ELEMENTS | {"candidates.birthDate"}
    week = timedelta(days=7)
    assert raised(FIRST, [disclosed(MONDAY), disclosed(MONDAY + week - HOUR, elements=more)]) == ()
    assert len(raised(FIRST, [disclosed(MONDAY), disclosed(MONDAY + week, elements=more)])) == 1


def test_as_many_refusals_in_a_row_fire_once_and_one_less_do_not() -> None:
    minutes = [refused(TODAY + timedelta(minutes=at)) for at in range(12)]
    assert raised(REFUSED, minutes[:9]) == ()
    [alert] = raised(REFUSED, minutes)
    assert alert.counts == {"refusals": 10}
    assert alert.entries == tuple(seen.entry for seen in minutes[:10])


def test_a_disclosure_ends_a_row_of_refusals() -> None:
    minutes = [refused(TODAY + timedelta(minutes=at)) for at in range(18)]
    minutes[9] = disclosed(minutes[9].at)
    assert raised(REFUSED, minutes) == ()


def test_refusals_that_are_too_far_apart_are_no_row() -> None:
    assert raised(REFUSED, [refused(TODAY + timedelta(minutes=at * 60 / 9)) for at in range(30)]) == ()
    assert len(raised(REFUSED, [refused(TODAY + timedelta(minutes=at * 59 / 9)) for at in range(10)])) == 1


@pytest.mark.parametrize("rule", [VOLUME, NIGHT, FIRST, REFUSED], ids=lambda rule: rule.name)
def test_what_happened_before_alerts_began_teaches_and_raises_nothing(rule: Rule) -> None:
    loud = [*days_of_work(100_000, hour=11), *(refused(TODAY) for _ in range(20))]
    assert raised(rule, loud, since=TODAY + HOUR) == ()


def test_after_the_quiet_period_what_goes_on_is_told_again() -> None:
    rule = replace(REFUSED, quiet=timedelta(minutes=30))
    minutes = [refused(TODAY + timedelta(minutes=at)) for at in range(9 + 31)]
    assert [alert.at for alert in raised(rule, minutes)] == [minutes[9].at, minutes[39].at]
