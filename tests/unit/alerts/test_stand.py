"""Each rule over how things stand fires once, and does not just before its limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.alerts.rules import AgreementEnd, Alert, OverdueCertification, Rule, SourceLate, WitnessStale
from gateway.alerts.stand import DueCertification, Ending, Standing, stand
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.times import utc_text
from gateway.store.turns import Freshness

NOW = datetime(2026, 11, 24, 13, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PARTIES = ("lakeside", "riverton")


def ending(days: int, zone: str = "America/Chicago") -> Standing:
    return Standing(endings=[Ending("placement-2026", 2, PARTIES, date(2026, 11, 24) + timedelta(days=days), zone)])


def due(before: timedelta) -> Standing:
    return Standing(certifications=[DueCertification("placement-2026", "riverton", PARTIES, NOW - before)])


def witnessed(before: timedelta) -> Standing:
    return Standing(witnessed_at=NOW - before)


def synced(before: timedelta, *resources: str) -> Standing:
    named = resources or ("candidates",)
    at, late = utc_text(NOW - before), timedelta(hours=26)
    return Standing(sources=[Freshness(InstitutionId("lakeside"), "sis", ResourceName(name), at, late) for name in named])


RULES: Mapping[str, tuple[Rule, Standing, Standing, str]] = {
    "agreement": (
        AgreementEnd(name="end", before=timedelta(days=30)),
        ending(31),
        ending(30),
        "The term of placement-2026 (version 2) ends on 2026-12-24.",
    ),
    "certification": (
        OverdueCertification(name="due", grace=timedelta(days=1)),
        due(timedelta(days=1)),
        due(timedelta(days=1) + SECOND),
        "riverton has not certified the destruction of what it received under placement-2026.",
    ),
    "witness": (
        WitnessStale(name="witness", after=timedelta(hours=4)),
        witnessed(timedelta(hours=4)),
        witnessed(timedelta(hours=4) + SECOND),
        "No witness cosigned the log for 240 minutes.",
    ),
    "source": (
        SourceLate(name="late"),
        synced(timedelta(hours=26)),
        synced(timedelta(hours=26) + SECOND),
        "The source sis of lakeside is late: candidates.",
    ),
}
"""A rule, how things stand just before it and just past it, and what it then says."""


def again(rule: Rule, alert: Alert, standing: Standing, after: timedelta) -> tuple[Alert, ...]:
    return stand(standing, [rule], {(alert.rule, alert.subject): alert.at}, NOW + after)


@pytest.mark.parametrize("named", RULES)
def test_each_rule_fires_past_its_limit_and_not_at_it(named: str) -> None:
    rule, before, past, said = RULES[named]
    assert stand(before, [rule], {}, NOW) == ()
    [alert] = stand(past, [rule], {}, NOW)
    assert alert.said == said
    assert set(alert.institutions) <= set(PARTIES)


@pytest.mark.parametrize("named", RULES)
def test_each_rule_keeps_quiet_for_its_period_and_then_speaks_again(named: str) -> None:
    rule, _, past, _ = RULES[named]
    rule = replace(rule, quiet=timedelta(hours=5))
    [alert] = stand(past, [rule], {}, NOW)
    assert again(rule, alert, past, timedelta(hours=5) - SECOND) == ()
    assert len(again(rule, alert, past, timedelta(hours=5))) == 1


@pytest.mark.parametrize("named", RULES)
def test_no_rule_looks_at_what_another_looks_at(named: str) -> None:
    _, _, past, _ = RULES[named]
    others = [rule for name, (rule, *_) in RULES.items() if name != named]
    assert stand(past, others, {}, NOW) == ()


def test_an_agreement_ends_by_the_clocks_of_its_own_zone() -> None:
    rule = AgreementEnd(name="end", before=timedelta(days=1))
    evening = datetime(2026, 11, 25, 3, tzinfo=UTC)
    assert stand(ending(2), [rule], {}, evening) == (), "in Chicago it is still the 24th"
    assert len(stand(ending(2, "UTC"), [rule], {}, evening)) == 1


def test_an_agreement_whose_term_is_over_is_near_no_end() -> None:
    rule = AgreementEnd(name="end")
    assert len(stand(ending(0), [rule], {}, NOW)) == 1
    assert stand(ending(-1), [rule], {}, NOW) == ()


def test_the_next_version_of_an_agreement_is_another_subject() -> None:
    rule = AgreementEnd(name="end")
    [alert] = stand(ending(3), [rule], {}, NOW)
    renewed = replace(ending(3).endings[0], version=3)
    assert len(again(rule, alert, Standing(endings=[renewed]), timedelta(0))) == 1


def test_a_log_without_a_witness_is_never_stale() -> None:
    assert stand(Standing(), [WitnessStale(name="witness", after=SECOND)], {}, NOW) == ()


def test_a_source_is_one_alert_however_many_of_its_resources_are_late() -> None:
    [alert] = stand(synced(timedelta(days=3), "candidates", "credentials"), [SourceLate(name="late")], {}, NOW)
    assert alert.counts == {"resources": 2}
    assert alert.said.endswith("late: candidates, credentials.")
