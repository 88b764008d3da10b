"""A steward of the provider looks at texts that the redaction is not certain of, and lets some be seen: these, as they were."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from gateway.agreements.signatories import NewSignatory, add_signatory, retire_signatory
from gateway.cli.main import app
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.errors import RequestError
from gateway.review import WaitingText, decide_texts, waiting_texts
from gateway.steward import Steward
from gateway.store.prune import prune
from gateway.store.schema import text_decision
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.signing import OPERATOR
from tests.texts import AGREEMENT, PEOPLE, say
from tests.world import World, open_world

LAKESIDE = InstitutionId("lakeside")
ANSWERS_OF = ResourceName("surveyQuestionResponses")
LEE = Steward(LAKESIDE, "lee", "test")
ANSWERS = {
    "Q1": "I worked with Ana on all of the plans, and it was good.",
    "Q2": "i learned a lot from nkechi every day",
    "Q3": ("It was good.", "my mentor thandiwe helped us with it all"),
}
RELEASED = "i learned a lot from [name] every day"


@pytest.fixture(params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("review")
    with new_database(request.param, request, folder) as url, open_world(folder / "home", url) as opened:
        opened.agree(AGREEMENT)
        opened.client("riverton-sis", "riverton", ("survey_exchange",))
        registry = opened.gateway.registry()
        for institution, name in (("lakeside", "lee"), ("riverton", "sam")):
            add_signatory(NewSignatory(institution, name, "steward", name, "Registrar", None), OPERATOR, registry)
        say(opened, ANSWERS)
        yield opened


def waiting(world: World, reviewer: Steward = LEE) -> dict[str, WaitingText]:
    """By element, what waits."""
    found = waiting_texts(reviewer, world.gateway.review_desk())
    return {text.element: text for text in found if text.outcome is None}


def release(world: World, *texts: WaitingText, reviewer: Steward = LEE) -> None:
    decide_texts([text.id for text in texts], "released", reviewer, world.gateway.review_desk())


def comments(world: World) -> list[str]:
    answer = world.api.get(f"/v1/{ANSWERS_OF}", world.token("riverton-sis"), select="comment")
    assert answer.status_code == httpx.codes.OK, answer.text
    return sorted(record["comment"] for record in answer.json()["data"] if record.get("comment"))


CERTAIN = ["I worked with [name] on all of the plans, and it was good.", "It was good."]


def test_uncertain_texts_wait_with_what_would_be_seen_of_them(world: World) -> None:
    found = waiting(world)
    assert {path: (text.source, text.redacted) for path, text in found.items()} == {
        "comment": (ANSWERS["Q2"], RELEASED),
        "values.textResponse": (ANSWERS["Q3"][1], "my mentor [name] helped us with it all"),
    }


def test_a_released_text_is_seen_at_the_next_answer_and_no_other(world: World) -> None:
    assert comments(world) == CERTAIN
    release(world, waiting(world)["comment"])
    assert comments(world) == [*CERTAIN, RELEASED]
    assert set(waiting(world)) == {"values.textResponse"}


def test_a_text_of_a_list_is_released_in_its_place(world: World) -> None:
    release(world, waiting(world)["values.textResponse"])
    answer = world.api.get(f"/v1/{ANSWERS_OF}", world.token("riverton-sis"))
    texts = [member.get("textResponse") for record in answer.json()["data"] for member in record.get("values", ())]
    assert "my mentor [name] helped us with it all" in texts
    assert comments(world) == CERTAIN


def test_a_release_ends_when_the_text_changes(world: World) -> None:
    release(world, waiting(world)["comment"])
    say(world, {**ANSWERS, "Q2": "i learned a lot from nkechi every week"})
    assert comments(world) == CERTAIN
    assert waiting(world)["comment"].redacted == "i learned a lot from [name] every week"
    say(world, ANSWERS)
    assert comments(world) == CERTAIN, "another version of the record is another text"


def test_a_release_ends_when_what_is_taken_out_changes(world: World) -> None:
    """Somebody called Hope is known now: what the steward saw is not what would be seen."""
    said = {"Q2": "i hope that nkechi likes it here with us"}
    say(world, said)
    release(world, waiting(world)["comment"])
    assert comments(world) == ["i hope that [name] likes it here with us"]
    assert say(world, said, (*PEOPLE, ("Hope", "Xu", "h@lakeside.example")))["surveyQuestionResponses"] == "unchanged"
    assert comments(world) == []
    assert waiting(world)["comment"].redacted == "i [name] that [name] likes it here with us"
    say(world, said)
    assert comments(world) == ["i hope that [name] likes it here with us"]


def test_a_release_is_taken_back(world: World) -> None:
    found = waiting(world)["comment"]
    release(world, found)
    decide_texts([found.id], "withheld", LEE, world.gateway.review_desk())
    assert comments(world) == CERTAIN
    assert "comment" not in waiting(world)


def test_all_or_none_are_decided(world: World) -> None:
    found = waiting(world)["comment"]
    with pytest.raises(RequestError, match="0000000000000000"):
        decide_texts([found.id, "0" * 16], "released", LEE, world.gateway.review_desk())
    with pytest.raises(RequestError):
        decide_texts([], "released", LEE, world.gateway.review_desk())
    assert comments(world) == CERTAIN


@pytest.mark.parametrize(
    "reviewer",
    [Steward(LAKESIDE, "sam", "test"), Steward(LAKESIDE, "nobody", "test"), Steward(InstitutionId("riverton"), "lee", "test")],
    ids=["another's steward", "nobody", "another provider"],
)
def test_only_a_steward_of_the_provider_reviews(world: World, reviewer: Steward) -> None:
    with pytest.raises(RequestError, match="no steward"):
        waiting(world, reviewer)
    assert world.leaves("text_review") == []


def test_a_partners_own_steward_sees_nothing_of_the_provider(world: World) -> None:
    with pytest.raises(RequestError):
        waiting(world, Steward(InstitutionId("riverton"), "sam", "test"))


def test_a_steward_who_is_retired_reviews_no_more(world: World) -> None:
    found = waiting(world)["comment"]
    retire_signatory("lakeside", "lee", OPERATOR, world.gateway.registry())
    with pytest.raises(RequestError, match="no steward"):
        release(world, found)
    assert comments(world) == CERTAIN


def test_each_look_and_decision_is_on_the_log_without_a_text(world: World) -> None:
    found = waiting(world)["comment"]
    release(world, found)
    leaves = world.leaves("text_review")
    assert [leaf["operation"] for leaf in leaves] == ["look", "look", "released"]
    assert leaves[-1]["reviewed"] == [found.id]
    assert leaves[-1]["steward"] == "lakeside/lee"
    told = json.dumps(leaves)
    assert [word for word in ("nkechi", "learned", "thandiwe", "[name]") if word in told] == []


def test_a_decision_goes_with_the_version_that_it_was_about(world: World) -> None:
    release(world, waiting(world)["comment"])
    say(world, {**ANSWERS, "Q2": "i learned a lot from nkechi every week"})
    with world.gateway.database.write() as connection:
        prune(connection, world.gateway.tables[ANSWERS_OF], LAKESIDE, "2099-01-01T00:00:00Z")
        left = connection.execute(select(func.count()).select_from(text_decision)).scalar()
    assert left == 0


def test_by_commands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = world.settings
    for name, text in (("HOME", str(settings.home)), ("DATABASE_URL", settings.database_url)):
        monkeypatch.setenv(f"GATEWAY_{name}", text)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["text", *arguments, "--as", "lakeside/lee"])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    listed = run("queue")
    assert RELEASED in listed
    assert "nkechi" not in listed
    assert "2 texts wait" in listed
    found = waiting(world)["comment"]
    assert "i learned a lot from nkechi every day" in run("show", found.id)
    assert "released by lakeside/lee" in run("release", found.id)
    assert comments(world) == [*CERTAIN, RELEASED]
    assert "released" in run("queue", "--decided")
    assert "withheld by lakeside/lee" in run("withhold", found.id)
    assert comments(world) == CERTAIN
    wrong = CliRunner().invoke(app, ["text", "show", "0" * 16, "--as", "lakeside/lee"])
    assert isinstance(wrong.exception, RequestError)
    assert isinstance(CliRunner().invoke(app, ["text", "queue", "--as", "lee"]).exception, RequestError)
