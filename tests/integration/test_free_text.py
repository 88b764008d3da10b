"""Free text leaves redacted by who is known in its snapshot, or not at all, and leaves nothing of anybody on the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from gateway.store.engine import Database
from gateway.store.schema import resource_head
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.texts import AGREEMENT, PEOPLE, say
from tests.world import World, open_world

ANSWERS = {
    "Q1": "I worked with Ana on all of the plans, and it was good.",
    "Q2": "i learned a lot from nkechi every day",
    "Q3": ("It was good.", "Write me at ana.ro@lakeside.example about the next term."),
    "Q4": "William Young, Ana Ruiz-Ortega",
    "Q5": "My number there is C-102, which I give you with this.",
}
SEEN = {
    "Q1": {"comment": "I worked with [name] on all of the plans, and it was good."},
    "Q2": {},
    "Q3": {"comment": "It was good.", "values": ["Write me at [e-mail] about the next term."]},
    "Q4": {},
    "Q5": {"comment": "My number there is [number], which I give you with this."},
}
NOTHING: dict[str, dict[str, Any]] = {question: {} for question in SEEN}


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("texts")
    with new_database(request.param, request, folder) as url, open_world(folder / "home", url) as opened:
        opened.agree(AGREEMENT)
        opened.client("riverton-sis", "riverton", ("survey_exchange",))
        yield opened


def answer(world: World, **parameters: str) -> httpx.Response:
    return world.api.get("/v1/surveyQuestionResponses", world.token("riverton-sis"), **parameters)


def seen(world: World) -> dict[str, dict[str, Any]]:
    """By question, what is seen of its comment and of its values; what is not seen is left out."""
    found = answer(world)
    assert found.status_code == httpx.codes.OK, found.text
    shown: dict[str, dict[str, Any]] = {}
    for record in found.json()["data"]:
        texts = [member["textResponse"] for member in record.get("values", ()) if member.get("textResponse")]
        comment = {"comment": record["comment"]} if record.get("comment") is not None else {}
        shown[record["surveyQuestionReference"]["questionCode"]] = comment | ({"values": texts} if texts else {})
    return shown


def test_texts_are_redacted_or_withheld(world: World) -> None:
    say(world, ANSWERS)
    assert seen(world) == SEEN


def test_the_log_says_how_they_were_treated_and_nothing_of_them(world: World) -> None:
    say(world, ANSWERS)
    seen(world)
    [leaf] = world.leaves("disclosure")
    assert leaf["treated"] == {"comment": "redact_text", "values.textResponse": "redact_text"}
    assert "comment" not in leaf["released"]
    told = json.dumps(world.leaves())
    assert [word for word in ("Ana", "Ruiz", "nkechi", "C-102", "lakeside.example", "plans") if word in told] == []


def test_names_are_stored_to_redact_by_and_shown_to_nobody(world: World) -> None:
    """Decision 6: what nobody needs is not stored; a redaction needs everybody's names."""
    say(world, ANSWERS)
    refused = world.api.get("/v1/candidates", world.token("riverton-sis"))
    assert refused.status_code == httpx.codes.FORBIDDEN


def test_who_is_known_is_known_at_the_next_answer(world: World) -> None:
    say(world, ANSWERS)
    assert seen(world)["Q2"] == {}
    assert say(world, ANSWERS, (*PEOPLE, ("Nkechi", "Obi", "n@lakeside.example"))) == {
        "candidates": "promoted",
        "surveyQuestionResponses": "unchanged",
    }
    assert seen(world)["Q2"] == {"comment": "i learned a lot from [name] every day"}
    say(world, ANSWERS)
    assert seen(world)["Q2"] == {}


def test_nothing_is_seen_while_it_is_not_known_who_is_known(world: World) -> None:
    say(world, ANSWERS, ())
    assert seen(world) == NOTHING
    say(world, ANSWERS)
    assert seen(world) == SEEN
    forget_names(world.gateway.database)
    assert seen(world) == NOTHING


def forget_names(database: Database) -> None:
    """As if the candidates had been pulled before an agreement needed their names."""
    with database.write() as connection:
        connection.execute(
            update(resource_head).where(resource_head.c.resource == "candidates").values(stored_elements=["candidateIdentifier"])
        )


@pytest.mark.parametrize(
    "parameters",
    [{"comment": "It was good."}, {"filter": "comment eq 'x'"}, {"filter": "comment isnull"}, {"sort": "comment"}],
    ids=["equality", "filter", "null", "sort"],
)
def test_a_redacted_text_is_not_compared(world: World, parameters: dict[str, str]) -> None:
    say(world, ANSWERS)
    refused = answer(world, **parameters)
    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert "comment" in refused.json()["detail"]
    assert answer(world, select="comment").json()["data"]


def test_every_format_has_the_same_texts(world: World) -> None:
    say(world, ANSWERS)
    lines = world.api.get_as(
        "/v1/surveyQuestionResponses",
        world.token("riverton-sis"),
        {"accept": "text/csv"},
        select="surveyQuestionReference.questionCode,comment",
    ).text
    assert "I worked with [name] on all of the plans, and it was good." in lines
    assert "Ana" not in lines
    assert "nkechi" not in lines


def test_an_export_has_the_same_texts(world: World) -> None:
    say(world, ANSWERS)
    exported = world.api.get("/v1/surveyQuestionResponses/export", world.token("riverton-sis"))
    assert exported.status_code == httpx.codes.OK, exported.text
    lines = [json.loads(line) for line in exported.text.splitlines()]
    assert lines == answer(world).json()["data"]


def test_a_feed_is_of_what_is_no_free_text(world: World) -> None:
    """A text is shown otherwise when somebody else becomes known, of which no row tells."""
    say(world, ANSWERS)
    path, token = "/v1/surveyQuestionResponses/changes", world.token("riverton-sis")
    refused = world.api.get(path, token)
    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert "leave out comment, values.textResponse with `select`" in refused.json()["detail"]
    told = world.api.get(path, token, select="surveyQuestionReference.questionCode").json()["data"]
    assert len(told) == len(ANSWERS)


def test_two_databases_that_differ_in_names_give_the_same_answer(world: World) -> None:
    """A token tells neither who was meant nor what found them."""
    one = {"Q1": "I thank Ana for it all.", "Q2": "Ms. Ruiz-Ortega was good to us."}
    two = {"Q1": "I thank William for it all.", "Q2": "Mr. Young was good to us."}
    say(world, one)
    first = seen(world)
    say(world, two)
    assert seen(world) == first
