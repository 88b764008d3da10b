"""From a proposal to an agreement in force: who may sign, what a signature covers, and that nothing else puts it in force."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from gateway.agreements.activate import activate, activate_signed
from gateway.agreements.attest import Attestation, Attested, attest
from gateway.agreements.lifecycle import by_operator
from gateway.agreements.move import move
from gateway.agreements.propose import chosen_of, propose, read_proposed
from gateway.agreements.sign import SignedStatement, attestation_signature, make_signature, sign
from gateway.agreements.signatories import NewSignatory, add_signatory, retire_signatory
from gateway.agreements.view import history, view
from gateway.domain.agreement import AgreementState
from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Statement
from gateway.errors import AgreementError, GatewayError, IntegrityError, RequestError
from gateway.keys.jwk import ed25519_jwk
from gateway.store.agreements import stored_versions
from gateway.store.schema import agreement, agreement_signature, executed_document
from tests.operations import operation_agreement
from tests.signing import LAKESIDE, LESS, MOU, OPERATOR, RIVERTON, Parties, key_of, small_pdf, text_of
from tests.world import World, gateway_world

SIGNED_ON = date(2026, 11, 20)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    with gateway_world(tmp_path / "home", database_url) as opened:
        yield opened
        opened.gateway.verify_log()


@pytest.fixture
def parties(world: World) -> Parties:
    found = Parties(world)
    found.register()
    return found


def states(world: World, name: str = MOU) -> list[AgreementState]:
    with world.gateway.database.read() as connection:
        return [version.state for version in stored_versions(connection, AgreementId(name))]


def last(world: World) -> dict[str, Any]:
    return world.leaves("agreement")[-1]


# --- proposing -----------------------------------------------------------------------------------------------------------


def test_a_proposal_is_a_version_that_waits_for_both(world: World, parties: Parties) -> None:
    proposal = parties.propose()
    assert (proposal.version, proposal.amends, proposal.changed) == (1, None, True)
    assert proposal.parties == (LAKESIDE, RIVERTON)
    assert states(world) == ["proposed"]
    moves = [(leaf["verb"], leaf["before"], leaf["after"]) for leaf in world.leaves("agreement")]
    assert moves == [("draft", "none", "draft"), ("propose", "draft", "proposed")]
    assert last(world)["agreement_digest"] == proposal.digest
    assert last(world)["institutions"] == ["lakeside", "riverton"]


def test_the_same_file_again_is_the_same_proposal(world: World, parties: Parties) -> None:
    first, entries = parties.propose(), len(world.leaves("agreement"))
    assert parties.propose() == replace(first, changed=False)
    assert len(world.leaves("agreement")) == entries


def test_another_text_is_refused_while_one_waits_with_both_digests(parties: Parties) -> None:
    first = parties.propose()
    with pytest.raises(AgreementError) as refused:
        parties.propose(text_of(LESS))
    assert first.digest in refused.value.detail
    [other] = read_proposed(text_of(LESS), "other", parties.world.gateway.catalog)
    assert other.digest in refused.value.detail and other.digest != first.digest


def test_a_withdrawn_proposal_makes_room_and_its_signatures_count_for_nothing(world: World, parties: Parties) -> None:
    first = parties.propose()
    parties.sign(first, LAKESIDE)
    signature = parties.signature(first, RIVERTON)
    move(MOU, "withdraw", OPERATOR, world.gateway.registry())
    with pytest.raises(AgreementError, match="terminated"):
        sign(signature, OPERATOR, world.gateway.registry())
    second = parties.propose()
    assert (second.version, second.digest) == (2, first.digest)
    # The same text under another number: the signature on the first does not carry over.
    carried = SignedStatement(replace(signature.statement, version=2), signature.signature)
    with pytest.raises(AgreementError, match="not by the registered key"):
        sign(carried, OPERATOR, world.gateway.registry())
    assert states(world) == ["terminated", "proposed"]


def test_an_id_belongs_to_its_parties(world: World, parties: Parties) -> None:
    parties.propose()
    stranger = text_of(("riverton", "oakhill"), ("id: lakeside-oakhill", "id: lakeside-riverton"))
    before = len(world.leaves("agreement"))
    with pytest.raises(AgreementError, match="Choose another id"):
        parties.propose(stranger)
    [found] = read_proposed(stranger, "x", world.gateway.catalog)
    with pytest.raises(AgreementError, match="Choose another id"):
        activate(found, "test", world.gateway.registry())
    assert len(world.leaves("agreement")) == before


def test_an_institution_proposes_its_own_agreements_only(parties: Parties) -> None:
    with pytest.raises(RequestError, match="oakhill is no party"):
        parties.propose(change=by_operator("x", InstitutionId("oakhill")))


TEMPLATE = (
    ("id: lakeside-riverton\n", "id: lakeside-${district}\n"),
    (
        "timezone:",
        "template:\n  parameters: [district]\n  members:\n    - {district: riverton}\n    - {district: oakhill}\ntimezone:",
    ),
    ("  riverton: {", '  "${district}": {'),
    ("recipient: riverton", 'recipient: "${district}"'),
    ("provider: riverton", 'provider: "${district}"'),
)


def test_of_a_template_each_agreement_has_a_life_of_its_own(world: World, parties: Parties) -> None:
    agreements = read_proposed(text_of(*TEMPLATE), "template.yaml", world.gateway.catalog)
    assert [found.id for found in agreements] == ["lakeside-riverton", "lakeside-oakhill"]
    registry = world.gateway.registry()
    with pytest.raises(RequestError, match="no agreement lakeside-elsewhere"):
        chosen_of(agreements, ["lakeside-elsewhere"])
    [one] = propose(chosen_of(agreements, ["lakeside-oakhill"]), OPERATOR, registry)
    assert one.agreement == "lakeside-oakhill" and states(world) == []
    both = propose(agreements, OPERATOR, registry)
    assert [found.changed for found in both] == [True, False]
    parties.sign(both[0])
    assert states(world) == ["signed"] and states(world, "lakeside-oakhill") == ["proposed"]


def test_of_a_template_all_are_proposed_or_none(world: World, parties: Parties) -> None:
    agreements = read_proposed(text_of(*TEMPLATE), "template.yaml", world.gateway.catalog)
    changed = read_proposed(text_of(*TEMPLATE, LESS), "template.yaml", world.gateway.catalog)
    propose(agreements[1:], OPERATOR, world.gateway.registry())
    with pytest.raises(AgreementError, match="lakeside-oakhill"):
        propose(changed, OPERATOR, world.gateway.registry())
    assert states(world) == []


# --- signing --------------------------------------------------------------------------------------------------------------


def test_both_parties_are_needed_and_the_second_completes_it(world: World, parties: Parties) -> None:
    proposal = parties.propose()
    first = parties.sign(proposal, LAKESIDE)
    assert (first.state, first.missing) == ("proposed", (RIVERTON,))
    with pytest.raises(AgreementError, match="version 1 is proposed"):
        activate_signed(MOU, OPERATOR, world.gateway.registry())
    second = parties.sign(proposal, RIVERTON)
    assert (second.state, second.missing) == ("signed", ())
    told = [(leaf["verb"], leaf.get("signature_of"), leaf.get("signature_method")) for leaf in world.leaves("agreement")[2:]]
    assert told == [("sign", "lakeside", "ed25519"), ("sign", "riverton", "ed25519"), ("complete", None, None)]
    activation = activate_signed(MOU, OPERATOR, world.gateway.registry())
    assert activation.providers == (LAKESIDE, RIVERTON)
    assert states(world) == ["in_force"]


def test_a_party_signs_once(world: World, parties: Parties) -> None:
    proposal = parties.propose()
    parties.sign(proposal, LAKESIDE)
    entries = len(world.leaves())
    with pytest.raises(AgreementError, match="signed lakeside-riverton version 1 already"):
        parties.sign(proposal, LAKESIDE)
    assert len(world.leaves()) == entries


@pytest.mark.parametrize(
    "change",
    [
        {"person": "sam-ortiz"},
        {"institution": RIVERTON},
        {"institution": InstitutionId("oakhill")},
        {"version": 2},
        {"digest": "0" * 64},
        {"agreement": AgreementId("lakeside-oakhill")},
    ],
)
def test_a_signature_is_good_for_nothing_but_what_it_was_made_for(world: World, parties: Parties, change: dict[str, Any]) -> None:
    signed = parties.signature(parties.propose(), LAKESIDE)
    with pytest.raises(AgreementError):
        sign(SignedStatement(replace(signed.statement, **change), signed.signature), OPERATOR, world.gateway.registry())
    with pytest.raises(AgreementError, match="not by the registered key"):
        sign(replace(signed, signature=bytes(64)), OPERATOR, world.gateway.registry())
    assert states(world) == ["proposed"]
    sign(signed, OPERATOR, world.gateway.registry())


def test_nobody_signs_for_another_institution(world: World, parties: Parties) -> None:
    """Also not with a key that is registered, by a person of that id, for the institution that it is registered for."""
    proposal = parties.propose()
    statement = parties.statement(proposal, RIVERTON)
    with pytest.raises(AgreementError, match="not by the registered key"):
        sign(make_signature(statement, key_of(LAKESIDE)), OPERATOR, world.gateway.registry())


def test_a_changed_text_is_refused_with_both_digests(world: World, parties: Parties) -> None:
    proposal = parties.propose()
    [changed] = read_proposed(text_of(LESS), "changed", world.gateway.catalog)
    statement = replace(parties.statement(proposal, LAKESIDE), digest=changed.digest)
    with pytest.raises(AgreementError) as refused:
        sign(make_signature(statement, key_of(LAKESIDE)), OPERATOR, world.gateway.registry())
    assert proposal.digest in refused.value.detail and changed.digest in refused.value.detail


def test_a_retired_signatory_signs_no_more_and_what_was_signed_stays(world: World, parties: Parties) -> None:
    proposal = parties.propose()
    parties.sign(proposal, LAKESIDE)
    registry = world.gateway.registry()
    for institution, person in (("lakeside", "dana-whitfield"), ("riverton", "sam-ortiz")):
        retire_signatory(institution, person, OPERATOR, registry)
    with pytest.raises(AgreementError, match="no signatory sam-ortiz now"):
        parties.sign(proposal, RIVERTON)
    with world.gateway.database.read() as connection:
        [checked] = view(connection, MOU).signatures
    assert checked.holds and checked.finding == "the Ed25519 signature verifies"
    with pytest.raises(RequestError, match="no signatory or steward"):
        retire_signatory("riverton", "sam-ortiz", OPERATOR, registry)


def test_a_steward_does_not_sign_with_a_key(world: World, parties: Parties) -> None:
    key = Ed25519PrivateKey.generate()
    parties.steward("lakeside", "kim", key)
    statement = replace(parties.statement(parties.propose(), LAKESIDE), person="kim")
    with pytest.raises(AgreementError, match="no signatory kim"):
        sign(make_signature(statement, key), OPERATOR, world.gateway.registry())


def test_two_who_sign_at_once_complete_it_once(world: World, parties: Parties) -> None:
    proposal = parties.propose()
    ready, failed = threading.Barrier(2), []

    def signing(institution: InstitutionId) -> None:
        ready.wait()
        try:
            parties.sign(proposal, institution)
        except GatewayError as why:
            failed.append(why)

    threads = [threading.Thread(target=signing, args=(institution,)) for institution in (LAKESIDE, RIVERTON)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert states(world) == ["signed"]
    assert [leaf["verb"] for leaf in world.leaves("agreement")][2:] == ["sign", "sign", "complete"]


def test_two_who_propose_at_once_make_one_version(world: World, parties: Parties) -> None:
    ready, found, failed = threading.Barrier(4), [], []

    def proposing() -> None:
        ready.wait()
        try:
            found.append(parties.propose())
        except GatewayError as why:
            failed.append(why)

    threads = [threading.Thread(target=proposing) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(proposal.changed for proposal in found) == [False, False, False, True]
    assert states(world) == ["proposed"]


# --- who may sign ---------------------------------------------------------------------------------------------------------


def test_registering_and_retiring_are_on_the_log(world: World, parties: Parties) -> None:
    retire_signatory("lakeside", "dana-whitfield", OPERATOR, world.gateway.registry())
    leaves = world.leaves("signatory")
    told = [(leaf["action"], leaf["institution"], leaf["signatory"], leaf["role"]) for leaf in leaves]
    assert told == [
        ("add", "lakeside", "dana-whitfield", "signatory"),
        ("add", "riverton", "sam-ortiz", "signatory"),
        ("retire", "lakeside", "dana-whitfield", "signatory"),
    ]
    assert leaves[0]["institutions"] == ["lakeside"] and leaves[0]["key"] == leaves[2]["key"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"id": "dana-whitfield"}, "has or had"),
        ({"jwk": ed25519_jwk(key_of("riverton").public_key())}, "That is|key of their own"),
        ({"jwk": None}, "signs with a key"),
        ({"id": "Kim"}, "small letters"),
        ({"institution": "Lake side"}, "small letters"),
        ({"name": " "}, "name"),
        ({"title": "a\nb"}, "title"),
        ({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}, "anybody"),
    ],
)
def test_who_cannot_be_registered(world: World, parties: Parties, change: dict[str, Any], word: str) -> None:
    jwk = ed25519_jwk(Ed25519PrivateKey.generate().public_key())
    new = replace(NewSignatory("lakeside", "kim", "signatory", "Kim Lee", "Dean", jwk), **change)
    entries = len(world.leaves())
    with pytest.raises(RequestError, match=word):
        add_signatory(new, OPERATOR, world.gateway.registry())
    assert len(world.leaves()) == entries


# --- attesting ------------------------------------------------------------------------------------------------------------


def attested(world: World, document: bytes, **more: Any) -> Attested:
    stated = Attestation(MOU, RIVERTON, "lee", document, SIGNED_ON, **more)
    return attest(stated, OPERATOR, world.gateway.registry())


@pytest.fixture
def steward(parties: Parties) -> Parties:
    parties.steward("riverton", "lee")
    return parties


def test_an_executed_document_whose_text_holds_the_digest_is_a_signature(world: World, steward: Parties) -> None:
    proposal = steward.propose()
    steward.sign(proposal, LAKESIDE)
    # As a narrow column breaks it.
    document = small_pdf("Memorandum of understanding", proposal.digest[:40], proposal.digest[40:])
    done = attested(world, document, board_approved=date(2026, 11, 18))
    assert done.found and done.signed.state == "signed"
    told = next(leaf for leaf in world.leaves("agreement") if leaf.get("signature_method") == "attested")
    assert (told["document"], told["digest_found"], told["signer"]) == (done.sha256, "yes", "lee")
    with world.gateway.database.read() as connection:
        found = view(connection, MOU)
    evidence = found.signatures[1].signature.evidence
    assert (evidence["signed_on"], evidence["board_approved"]) == ("2026-11-20", "2026-11-18")
    assert found.signatures[1].holds and "its text holds the digest" in found.signatures[1].finding
    activate_signed(MOU, OPERATOR, world.gateway.registry())


def test_of_a_scan_the_steward_types_what_the_page_shows(world: World, steward: Parties) -> None:
    proposal = steward.propose()
    scan = small_pdf()
    with pytest.raises(AgreementError, match="type it"):
        attested(world, scan)
    for short in ("", proposal.digest[:15], "xyz" * 6):
        with pytest.raises(GatewayError):
            attested(world, scan, digest=short)
    with pytest.raises(AgreementError) as refused:
        attested(world, scan, digest="0" * 16)
    assert proposal.digest in refused.value.detail and "0" * 16 in refused.value.detail
    done = attested(world, scan, digest=proposal.digest[:16].upper())
    assert not done.found
    with world.gateway.database.read() as connection:
        [checked] = view(connection, MOU).signatures
    assert f"typed {proposal.digest[:16]}" in checked.finding


def test_the_document_of_another_version_is_told_apart(world: World, steward: Parties) -> None:
    first = steward.propose()
    move(MOU, "withdraw", OPERATOR, world.gateway.registry())
    second = steward.propose(text_of(LESS))
    with pytest.raises(AgreementError, match="that of version 1, not of version 2"):
        attested(world, small_pdf(first.digest), digest=second.digest[:16])


@pytest.mark.parametrize(
    ("document", "more", "word"),
    [
        (b"PK\x03\x04 a docx", {}, "not a PDF"),
        (b"", {}, "not a PDF"),
        (b"%PDF-1.4\n" + bytes(20 * 1024 * 1024), {}, "larger than 20 MB"),
        (small_pdf(), {"digest": "f" * 65}, "digits"),
    ],
)
def test_what_is_no_executed_document_is_refused(
    world: World, steward: Parties, document: bytes, more: dict[str, Any], word: str
) -> None:
    steward.propose()
    with pytest.raises(RequestError, match=word):
        attested(world, document, **more)


def test_nothing_is_signed_tomorrow(world: World, steward: Parties) -> None:
    digest = steward.propose().digest
    stated = Attestation(MOU, RIVERTON, "lee", small_pdf(digest), date(2026, 11, 25))
    with pytest.raises(RequestError, match="cannot have been signed on 2026-11-25"):
        attest(stated, OPERATOR, world.gateway.registry())
    with pytest.raises(RequestError, match="approved by the board"):
        attest(replace(stated, signed_on=SIGNED_ON, board_approved=date(2027, 1, 1)), OPERATOR, world.gateway.registry())


def test_who_is_no_steward_attests_nothing(world: World, steward: Parties) -> None:
    document = small_pdf(steward.propose().digest)
    for institution, name in ((RIVERTON, "sam-ortiz"), (LAKESIDE, "lee"), (RIVERTON, "nobody")):
        with pytest.raises(AgreementError, match="no steward"):
            attest(Attestation(MOU, institution, name, document, SIGNED_ON), OPERATOR, world.gateway.registry())


def test_a_steward_with_a_key_signs_the_attestation(world: World, parties: Parties) -> None:
    key = Ed25519PrivateKey.generate()
    parties.steward("riverton", "lee", key)
    proposal = parties.propose()
    document = small_pdf(proposal.digest)
    statement = Statement(MOU, 1, proposal.digest, RIVERTON, "lee")
    made = attestation_signature(statement, document, SIGNED_ON, None, key)
    for wrong in (None, key.sign(statement.signed_bytes()), attestation_signature(statement, document, SIGNED_ON, SIGNED_ON, key)):
        with pytest.raises(AgreementError, match="must be signed with it"):
            attested(world, document, signature=wrong)
    with pytest.raises(AgreementError, match="must be signed with it"):
        attested(world, document + b"\n", signature=made)
    attested(world, document, signature=made)
    with world.gateway.database.read() as connection:
        [checked] = view(connection, MOU).signatures
    assert checked.holds and "the steward's signature verifies" in checked.finding


def test_both_sides_may_attest_the_same_document(world: World, steward: Parties) -> None:
    steward.steward("lakeside", "kim")
    document = small_pdf(steward.propose().digest)
    attested(world, document)
    done = attest(Attestation(MOU, LAKESIDE, "kim", document, SIGNED_ON), OPERATOR, world.gateway.registry())
    assert done.signed.state == "signed"


# --- what is stored is checked again ----------------------------------------------------------------------------------------


def tamper(world: World, what: str) -> None:
    with world.gateway.database.write() as connection:
        match what:
            case "the signature":
                connection.execute(update(agreement_signature).values(signature=bytes(64)))
            case "its digest":
                connection.execute(update(agreement_signature).values(digest="0" * 64))
            case "the text":
                document = {**connection.execute(agreement.select()).mappings().one()["document"], "title": "Another"}
                connection.execute(update(agreement).values(document=document))
            case "the document":
                connection.execute(update(executed_document).values(content=small_pdf("another")))


@pytest.mark.parametrize("what", ["the signature", "its digest", "the text", "the document"])
def test_a_signature_that_does_not_hold_any_more_puts_nothing_in_force(world: World, steward: Parties, what: str) -> None:
    proposal = steward.propose()
    steward.sign(proposal, LAKESIDE)
    attested(world, small_pdf(proposal.digest))
    assert states(world) == ["signed"]
    tamper(world, what)
    with pytest.raises(IntegrityError):
        activate_signed(MOU, OPERATOR, world.gateway.registry())
    assert states(world) == ["signed"]
    with world.gateway.database.read() as connection:
        if what == "the text":
            with pytest.raises(IntegrityError):
                view(connection, MOU)
        else:
            assert not all(checked.holds for checked in view(connection, MOU).signatures)
        assert any(one.why.startswith("NOT VALID") for one in history(connection, MOU))


# --- in force and after -----------------------------------------------------------------------------------------------------


def test_an_amendment_replaces_the_version_in_force_in_one_step(world: World, parties: Parties) -> None:
    parties.sign(parties.propose())
    activate_signed(MOU, OPERATOR, world.gateway.registry())
    amendment = parties.propose(text_of(LESS))
    assert (amendment.version, amendment.amends) == (2, 1)
    assert states(world) == ["in_force", "proposed"]
    parties.sign(amendment)
    assert states(world) == ["in_force", "signed"]
    world.later(minutes=5)
    activation = activate_signed(MOU, OPERATOR, world.gateway.registry())
    assert (activation.version, activation.superseded) == (2, 1)
    assert states(world) == ["terminated", "in_force"]
    with world.gateway.database.read() as connection:
        ended = [one for one in history(connection, MOU) if one.what == "terminated"]
    assert [(one.version, one.why) for one in ended] == [(1, "superseded by version 2")]
    [supersede] = [leaf for leaf in world.leaves("agreement") if leaf["verb"] == "supersede"]
    assert supersede["superseded_by"] == "2"
    with pytest.raises(AgreementError, match="this file and in force already"):
        parties.propose(text_of(LESS))


def test_an_amendment_waits_for_the_end_of_a_suspension(world: World, parties: Parties) -> None:
    registry = world.gateway.registry()
    parties.sign(parties.propose())
    activate_signed(MOU, OPERATOR, registry)
    parties.sign(parties.propose(text_of(LESS)))
    move(MOU, "suspend", OPERATOR, registry)
    with pytest.raises(AgreementError, match="suspended"):
        activate_signed(MOU, OPERATOR, registry)
    move(MOU, "resume", OPERATOR, registry)
    activate_signed(MOU, OPERATOR, registry)
    assert states(world) == ["terminated", "in_force"]


def test_only_who_suspended_resumes(world: World, parties: Parties) -> None:
    registry = world.gateway.registry()
    by = {name: by_operator("test", InstitutionId(name)) for name in ("lakeside", "riverton", "oakhill")}
    parties.sign(parties.propose())
    activate_signed(MOU, OPERATOR, registry)
    with pytest.raises(AgreementError, match="oakhill is no party"):
        move(MOU, "suspend", by["oakhill"], registry)
    move(MOU, "suspend", by["lakeside"], registry)
    for other in (by["riverton"], OPERATOR):
        with pytest.raises(AgreementError, match="only lakeside may resume"):
            move(MOU, "resume", other, registry)
    move(MOU, "resume", by["lakeside"], registry)
    move(MOU, "suspend", OPERATOR, registry)
    with pytest.raises(AgreementError, match="only the operator may resume"):
        move(MOU, "resume", by["lakeside"], registry)
    move(MOU, "terminate", by["riverton"], registry)
    assert states(world) == ["terminated"]


def test_the_agreement_says_who_may_suspend_at_once(world: World, parties: Parties) -> None:
    registry = world.gateway.registry()
    parties.sign(parties.propose(text_of(("parties:\n", "suspension: {by: [lakeside], in_words: Lakeside may.}\nparties:\n"))))
    activate_signed(MOU, OPERATOR, registry)
    with pytest.raises(AgreementError, match="only lakeside may suspend"):
        move(MOU, "suspend", by_operator("test", RIVERTON), registry)
    move(MOU, "suspend", by_operator("test", LAKESIDE), registry)
    move(MOU, "terminate", by_operator("test", RIVERTON), registry)


def test_what_is_over_before_it_began_is_not_put_in_force(world: World, parties: Parties) -> None:
    parties.sign(parties.propose())
    world.later(days=400)
    with pytest.raises(AgreementError, match="ended on 2027-06-30"):
        activate_signed(MOU, OPERATOR, world.gateway.registry())


def test_an_operation_agreement_has_the_same_life(world: World) -> None:
    registry = world.gateway.registry()
    found = operation_agreement("lakeside")
    [proposal] = propose([found], OPERATOR, registry)
    parties = Parties(world)
    parties.register()
    assert parties.sign(proposal, LAKESIDE).state == "signed"
    assert activate_signed(found.id, OPERATOR, registry).providers == (LAKESIDE,)
    move(found.id, "suspend", OPERATOR, registry)
    move(found.id, "terminate", OPERATOR, registry)
    assert states(world, found.id) == ["terminated"]


# --- the operator's own word ------------------------------------------------------------------------------------------------


def test_an_operators_statement_is_marked_as_one(world: World) -> None:
    world.agree()
    with world.gateway.database.read() as connection:
        found = view(connection, MOU)
    assert [(one.signature.method, one.holds) for one in found.signatures] == [("operator", True)] * 2
    assert {one.finding for one in found.signatures} == {"stated by the operator; there is nothing to verify"}
    told = [leaf["signature_method"] for leaf in world.leaves("agreement") if leaf["verb"] == "sign" and leaf["agreement"] == MOU]
    assert told == ["operator", "operator"]


def test_an_operators_statement_does_not_overtake_a_proposal(world: World, parties: Parties) -> None:
    parties.propose()
    with pytest.raises(AgreementError, match="version 1 is proposed with this file"):
        world.agree()


@pytest.mark.parametrize("end", ["none", "terminate"])
def test_an_operators_statement_neither_replaces_nor_revives_what_parties_signed(world: World, parties: Parties, end: str) -> None:
    registry = world.gateway.registry()
    parties.sign(parties.propose())
    activate_signed(MOU, OPERATOR, registry)
    if end == "terminate":
        move(MOU, "terminate", by_operator("test", RIVERTON), registry)
    [found] = read_proposed(text_of(LESS), "changed", world.gateway.catalog)
    with pytest.raises(AgreementError, match="sign lakeside-riverton themselves"):
        activate(found, "test", registry)
