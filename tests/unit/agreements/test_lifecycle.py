"""The state machine is total: every state answers every verb, with the state that follows or with what to do instead."""

from __future__ import annotations

import itertools

import pytest

from gateway.agreements.lifecycle import STATES, VERBS, Refused, Verb, answer, chosen
from gateway.domain.agreement import AgreementState
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.errors import AgreementError
from gateway.store.agreements import StoredVersion

# Written down from the agreements' README and not from the table of the program: state, verb, state that follows.
ALLOWED = {
    ("draft", "propose"): "proposed",
    ("draft", "withdraw"): "terminated",
    ("proposed", "sign"): "proposed",
    ("proposed", "complete"): "signed",
    ("proposed", "withdraw"): "terminated",
    ("signed", "activate"): "in_force",
    ("signed", "withdraw"): "terminated",
    ("in_force", "suspend"): "suspended",
    ("in_force", "terminate"): "terminated",
    ("in_force", "supersede"): "terminated",
    ("in_force", "expire"): "expired",
    ("suspended", "resume"): "in_force",
    ("suspended", "terminate"): "terminated",
    ("suspended", "expire"): "expired",
    ("expired", "destroy"): "destroyed",
    ("terminated", "destroy"): "destroyed",
}
PARTIES = (InstitutionId("lakeside"), InstitutionId("riverton"))
MOU = AgreementId("mou")


def version(number: int, state: AgreementState) -> StoredVersion:
    return StoredVersion(number, str(number) * 64, PARTIES, state)


def test_the_verbs_and_states_are_those_that_this_test_knows() -> None:
    assert len(STATES) * len(VERBS) == 8 * 11
    assert {state for state, _ in ALLOWED} | set(ALLOWED.values()) == set(STATES)
    assert {verb for _, verb in ALLOWED} == set(VERBS)


@pytest.mark.parametrize(("state", "verb"), list(itertools.product(STATES, VERBS)))
def test_each_state_answers_each_verb(state: AgreementState, verb: Verb) -> None:
    match answer(state, verb):
        case Refused(instead):
            assert (state, verb) not in ALLOWED
            assert instead.endswith(".")
        case following:
            assert following == ALLOWED[state, verb]


@pytest.mark.parametrize(("state", "verb"), list(itertools.product(STATES, VERBS)))
def test_a_verb_that_the_only_version_does_not_take_says_its_state_and_what_to_do(state: AgreementState, verb: Verb) -> None:
    versions = [version(1, state)]
    if (state, verb) in ALLOWED:
        assert chosen(MOU, verb, versions) == versions[0]
        return
    with pytest.raises(AgreementError, match=f"mou version 1 is {state.replace('_', ' ')}"):
        chosen(MOU, verb, versions)


def test_a_verb_is_about_the_newest_version_that_takes_it() -> None:
    versions = [version(1, "terminated"), version(2, "in_force"), version(3, "proposed")]
    assert chosen(MOU, "suspend", versions).version == 2
    assert chosen(MOU, "sign", versions).version == 3
    assert chosen(MOU, "withdraw", versions).version == 3
    assert chosen(MOU, "destroy", versions).version == 1


def test_a_version_that_is_named_is_the_one_meant() -> None:
    versions = [version(1, "in_force"), version(2, "proposed")]
    assert chosen(MOU, "sign", versions, 2).version == 2
    with pytest.raises(AgreementError, match="version 1 is in force"):
        chosen(MOU, "sign", versions, 1)
    with pytest.raises(AgreementError, match="no version 3"):
        chosen(MOU, "sign", versions, 3)
    with pytest.raises(AgreementError, match="no agreement mou"):
        chosen(MOU, "sign", [], None)


def test_nothing_leads_out_of_an_ended_agreement_but_destruction() -> None:
    for state in ("expired", "terminated"):
        assert {verb for verb in VERBS if not isinstance(answer(state, verb), Refused)} == {"destroy"}
    assert all(isinstance(answer("destroyed", verb), Refused) for verb in VERBS)
