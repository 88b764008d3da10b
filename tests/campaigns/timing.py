"""Two worlds by the clock: what the partner may not see must not show in how long an answer takes.

Each shape of request is asked of both worlds in turn, the first of the two by chance, so that what the machine does beside hits
both. A shape tells the worlds apart when one answers more than a millisecond later so often that chance would do it once in a
thousand times: a sign test, which asks nothing of how the times are distributed.
"""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import httpx
from sqlalchemy import delete, select

from gateway.domain.identifiers import AgreementId
from gateway.keys.pseudonym import Pseudonyms
from tests.campaigns.two_worlds import LAKESIDE, LAST_SCHOOL_IN_SCOPE, PLACEMENTS
from tests.campaigns.two_worlds_extracts import LivingExtracts
from tests.campaigns.two_worlds_questions import Question, marks
from tests.world import World

TOLD_APART_MS = 1.0
BY_CHANCE = 0.001
WARM_UP = 10
HIDDEN_RECORD = "a hidden record by its pseudonym"
TOKEN_LASTS = 400
"""Requests: a token ends after ten minutes of the worlds' clock, which stands still, and so is asked for anew by number."""


def shapes(left: World, right: World) -> Mapping[str, Question]:
    """What is asked, by name; both worlds' sources were pulled once more, so that there is something to hide from a feed. One
    placement, which the partner may not see, is in the left world only."""
    whole = Question(PLACEMENTS, {"purpose": "placement", "limit": "1000"})
    heard = [(_ask(world, whole), _ask(world, replace(whole, route="/changes"))) for world in (left, right)]
    LivingExtracts(left, right, random.Random(7)).pull_again()
    since = marks(heard[0][1])["next"], marks(heard[1][1])["next"]
    version = heard[0][0].headers["gateway-version"], heard[1][0].headers["gateway-version"]
    hidden = _only_in(left, right)
    page = {"purpose": "placement", "limit": "60"}
    return {
        "a page": Question(PLACEMENTS, page),
        HIDDEN_RECORD: Question(PLACEMENTS, {**page, "fieldworkIdentifier": hidden}),
        "a hidden record in a filter": Question(PLACEMENTS, {**page, "filter": f"fieldworkIdentifier eq '{hidden}'"}),
        "a filter on a withheld element": Question(PLACEMENTS, {**page, "filter": "hoursCompleted gt 50"}),
        "a filter on a treated element": Question(PLACEMENTS, {**page, "filter": "beginDate ge 2026"}),
        "an order and a count": Question(PLACEMENTS, {**page, "sort": "-beginDate", "count": "exact"}),
        "an expansion": Question("candidates", {**page, "expand": PLACEMENTS}),
        "an export": Question(PLACEMENTS, {"purpose": "placement"}, "/export"),
        "a feed from its beginning": Question(PLACEMENTS, page, "/changes"),
        "a feed since hidden edits": Question(PLACEMENTS, page, "/changes", own={"since": since}),
        "a version before hidden edits": Question(PLACEMENTS, page, own={"as_of": version}),
    }


def differences(left: World, right: World, question: Question, samples: int, chance: random.Random) -> list[float]:
    """By how many milliseconds the left world answers later than the right, sample by sample."""
    worlds, found = (left, right), []
    tokens = [world.token("riverton-sis") for world in worlds]
    gc.collect()
    gc.disable()
    try:
        for number in range(WARM_UP + samples):
            if number % TOKEN_LASTS == TOKEN_LASTS - 1:
                tokens = [world.token("riverton-sis") for world in worlds]
            took = [0.0, 0.0]
            for which in chance.sample((0, 1), 2):
                begun = time.perf_counter()
                _ask(worlds[which], question, tokens[which], which)
                took[which] = (time.perf_counter() - begun) * 1000
            if number >= WARM_UP:
                found.append(took[0] - took[1])
    finally:
        gc.enable()
    return found


def tells_apart(found: Sequence[float]) -> bool:
    """Whether one world is later by more than a millisecond, at the level that is allowed."""
    later = (sum(by > TOLD_APART_MS for by in found), sum(by < -TOLD_APART_MS for by in found))
    return min(_chance_of(count, len(found)) for count in later) < BY_CHANCE


def _chance_of(least: int, samples: int) -> float:
    """The chance that at least so many of the samples are on one side where half of them should be at most."""
    return sum(math.comb(samples, count) for count in range(least, samples + 1)) / 2.0**samples


def _only_in(left: World, right: World) -> str:
    """The pseudonym of a placement out of the partner's rows that the right world is made to lack."""
    rows = left.gateway.tables[PLACEMENTS].rows
    with left.gateway.database.read() as connection:
        hidden = select(rows.c.record_id).where(
            rows.c.provider_id == LAKESIDE, rows.c.to_version.is_(None), rows.c.school_school_id > LAST_SCHOOL_IN_SCOPE
        )
        record = connection.execute(hidden.order_by(rows.c.record_id).limit(1)).scalar_one()
    other = right.gateway.tables[PLACEMENTS].rows
    with right.gateway.database.write() as connection:
        connection.execute(delete(other).where(other.c.record_id == record))
    key = left.gateway.ring.agreement(AgreementId("what-the-partner-sees"), LAKESIDE).pseudonyms[0].key.secret
    [pseudonym] = Pseudonyms(key).of([record], PLACEMENTS)
    return str(pseudonym)


def _ask(world: World, question: Question, token: str | None = None, which: int = 0) -> httpx.Response:
    token = token or world.token("riverton-sis")
    return world.api.get_as(question.path, token, question.headers, question.method, **question.asked_of(which))
