"""An operator's own rules refuse what the policy permits, and nothing else; when they fail, they refuse and raise the alarm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.domain.decision import Question
from gateway.errors import ConfigurationError, IntegrityError
from gateway.pdp.engine import Answer
from gateway.pdp.open_engine import fixed_pdp, open_pdp
from gateway.pdp.operator import NO_ANSWER, NOT_UNDERSTOOD, OperatorRules
from gateway.pdp.point import PolicyPoint
from gateway.pdp.policies import Policies
from gateway.pdp.read_bundle import read_bundle, read_operator_bundle
from gateway.shipped import shipped
from tests.bundles import operator_bundle, put
from tests.opa_process import opa_process, until
from tests.questions import question, questions

SHIPPED = shipped("policies") / "bundle"
HEAD = "package operator\n\n"
NOTHING = HEAD + "deny := []\n"
REFUSES = HEAD + (
    'deny contains {"rule": "X-SITE-01", "citation": "Board, 3 May 2026", "title": "Not before the board has met"} if {\n'
    '\tinput.request.purpose == "placement"\n}\n'
)
SLOW = HEAD + (
    "deny contains reason if {\n\tinput.agreements\n"
    "\tcount([1 | some a in numbers.range(1, 4000); some b in numbers.range(1, 4000); a * b == 7]) == 12\n"
    '\treason := {"rule": "X-SLOW", "citation": "c", "title": "t"}\n}\n'
)


class Built:
    """Rules built once each."""

    def __init__(self, folder: Path, opa: str) -> None:
        self._folder = folder
        self._opa = opa
        self._known: dict[str, Path] = {}

    def __call__(self, rego: str) -> Path:
        if rego not in self._known:
            self._known[rego] = operator_bundle(self._folder / str(len(self._known)), self._opa, rego)
        return self._known[rego]


@pytest.fixture(scope="module")
def built(opa_binary: str, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built(tmp_path_factory.mktemp("operator"), opa_binary)


def _decide(rules: Path, asked: Question) -> Answer:
    with closing(fixed_pdp(read_bundle(SHIPPED), read_operator_bundle(rules))) as pdp:
        return pdp.decide(asked)


def _rules(answer: Answer) -> list[str]:
    assert isinstance(answer.result, dict)
    return [reason["rule"] for reason in answer.result.get("reasons", [])]


def test_what_the_operator_refuses_is_refused_with_its_reason_and_its_digest(built: Built) -> None:
    rules = read_operator_bundle(built(REFUSES))
    answer = _decide(built(REFUSES), question())
    reason = {"rule": "X-SITE-01", "citation": "Board, 3 May 2026", "title": "Not before the board has met"}
    assert answer.result == {"decision": "deny", "reasons": [reason], "choices": []}
    assert (answer.bundle, answer.operator) == (read_bundle(SHIPPED).digest, rules.digest)


def test_rules_that_refuse_nothing_change_nothing(built: Built) -> None:
    ours = fixed_pdp(read_bundle(SHIPPED), read_operator_bundle(built(NOTHING)))
    with closing(fixed_pdp(read_bundle(SHIPPED))) as plain, closing(ours) as narrowed:
        for asked in questions().values():
            assert narrowed.decide(asked).result == plain.decide(asked).result


@pytest.mark.parametrize("body", [NOTHING, REFUSES], ids=["nothing", "a refusal"])
def test_no_rules_of_an_operator_make_a_permit(built: Built, body: str) -> None:
    ours = fixed_pdp(read_bundle(SHIPPED), read_operator_bundle(built(body)))
    with closing(fixed_pdp(read_bundle(SHIPPED))) as plain, closing(ours) as narrowed:
        for asked in list(questions().values())[2:]:
            before = plain.decide(asked).result
            assert isinstance(before, dict) and before["decision"] == "deny"
            assert narrowed.decide(asked).result == before


@pytest.mark.parametrize(
    "value",
    [
        "true",
        '"no"',
        '{"rule": "X-A", "citation": "c", "title": "t"}',
        '["X-A"]',
        '[{"rule": "X-A", "citation": "c"}]',
        '[{"rule": "X-A", "citation": "c", "title": "t", "more": 1}]',
        '[{"rule": "GW-AGR-01", "citation": "c", "title": "t"}]',
        '[{"rule": "X-a", "citation": "c", "title": "t"}]',
        '[{"rule": "X-A", "citation": "c", "title": " "}]',
        '[{"rule": "X-A", "citation": 1, "title": "t"}]',
        "null",
    ],
)
def test_an_answer_of_another_shape_refuses_and_alarms(built: Built, value: str) -> None:
    rego = HEAD + f"deny := {value} if input.agreements\n\ndeny := [] if not input.agreements\n"
    with closing(OperatorRules(read_operator_bundle(built(rego)), instances=1, seconds=1.0)) as rules:
        assert rules.refusals(question())[0] == (NOT_UNDERSTOOD,)
        assert not rules.answering


def test_an_answer_that_is_not_defined_refuses(built: Built) -> None:
    rego = HEAD + "deny := [] if not input.agreements\n"
    assert _rules(_decide(built(rego), question())) == ["GW-PDP-04"]


def test_rules_that_are_late_refuse_in_time_and_alarm_until_they_answer(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(OperatorRules(read_operator_bundle(built(SLOW)), instances=1, seconds=0.2)) as rules:
        assert rules.refusals(question())[0] == (NO_ANSWER,)
        assert not rules.answering
        assert "operator rules failed" in capsys.readouterr().out
        assert rules.refusals(Question({}, b"{}", ""))[0] == ()
        assert rules.answering


@pytest.mark.parametrize("rego", [HEAD + "deny := 1\n", HEAD + "deny := [] if input.agreements\n"], ids=["shape", "undefined"])
def test_rules_that_cannot_answer_at_all_stop_the_start(built: Built, rego: str) -> None:
    with pytest.raises(IntegrityError, match="operator/deny"):
        open_pdp(Policies(operator=built(rego)))


def test_rules_that_are_missing_stop_the_start(tmp_path: Path, opa_binary: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_pdp(Policies(operator=tmp_path / "absent.tgz"))
    other = operator_bundle(tmp_path, opa_binary, "package operator\n\nallow := true\n", entrypoint="operator/allow")
    with pytest.raises(IntegrityError, match="lacks an entrypoint"):
        open_pdp(Policies(operator=other))
    clock = operator_bundle(tmp_path / "clock", opa_binary, HEAD + 'deny := [] if http.send({"url": "x", "method": "get"})\n')
    with pytest.raises(IntegrityError, match="built-in"):
        open_pdp(Policies(operator=clock))


@pytest.fixture
def watched(built: Built, tmp_path: Path) -> Iterator[tuple[PolicyPoint, Path]]:
    place = tmp_path / "operator.tgz"
    put(built(NOTHING), place)
    with closing(open_pdp(Policies(operator=place))) as pdp:
        pdp.start()
        yield pdp, place


def test_changed_rules_refuse_without_a_start_and_broken_ones_leave_the_old(
    watched: tuple[PolicyPoint, Path], built: Built
) -> None:
    pdp, place = watched
    assert _rules(pdp.decide(question())) == []
    put(built(REFUSES), place)
    until(lambda: pdp.operator_digest == read_operator_bundle(built(REFUSES)).digest)
    assert _rules(pdp.decide(question())) == ["X-SITE-01"]
    place.unlink()
    until(lambda: pdp.problems() == ("operator_bundle",))
    assert _rules(pdp.decide(question())) == ["X-SITE-01"]
    put(built(NOTHING), place)
    until(lambda: pdp.problems() == ())
    assert _rules(pdp.decide(question())) == []


def test_rules_that_fail_in_service_turn_readiness_red(watched: tuple[PolicyPoint, Path], built: Built) -> None:
    pdp, place = watched
    rego = HEAD + 'deny := "no" if input.agreements\n\ndeny := [] if not input.agreements\n'
    put(built(rego), place)
    until(lambda: pdp.operator_digest == read_operator_bundle(built(rego)).digest)
    assert _rules(pdp.decide(question())) == ["GW-PDP-04"]
    assert pdp.problems() == ("operator_rules",)


def test_they_stand_beside_an_opa_server_too(built: Built, opa_binary: str) -> None:
    with (
        opa_process(opa_binary, SHIPPED / "bundle.tgz") as server,
        closing(open_pdp(Policies(operator=built(REFUSES)), "opa", port=server.port)) as pdp,
    ):
        assert _rules(pdp.decide(question())) == ["X-SITE-01"]
