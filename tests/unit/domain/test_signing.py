"""The exact bytes that people sign: fixed for good, and different whenever what they say differs."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from gateway.domain.identifiers import AgreementId, InstitutionId
from gateway.domain.signing import Actor, Statement, actor_of

DIGEST, OTHER, DOCUMENT = "a1" * 32, "b2" * 32, "c3" * 32
STATED = Statement(AgreementId("lakeside-riverton"), 3, DIGEST, InstitutionId("lakeside"), "dana-whitfield")


def test_the_signed_bytes_are_six_lines() -> None:
    assert STATED.signed_bytes() == (
        b"educator-data-gateway agreement signature v1\n"
        b"agreement: lakeside-riverton\n"
        b"version: 3\n"
        b"digest: sha256:a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\n"
        b"institution: lakeside\n"
        b"signatory: dana-whitfield\n"
    )


def test_the_attested_bytes_are_nine_lines_under_another_heading() -> None:
    lines = STATED.attested_bytes(DOCUMENT, "2026-06-30", None).decode().splitlines()
    assert lines == [
        "educator-data-gateway agreement attestation v1",
        "agreement: lakeside-riverton",
        "version: 3",
        f"digest: sha256:{DIGEST}",
        "institution: lakeside",
        "steward: dana-whitfield",
        f"document: sha256:{DOCUMENT}",
        "signed on: 2026-06-30",
        "board approved: no",
    ]


CHANGES: tuple[dict[str, Any], ...] = (
    {},
    {"agreement": AgreementId("lakeside-oakhill")},
    {"version": 4},
    {"version": 31},
    {"digest": OTHER},
    {"institution": InstitutionId("riverton")},
    {"person": "sam-ortiz"},
)


def test_no_two_statements_have_the_same_bytes() -> None:
    statements = [replace(STATED, **change) for change in CHANGES]
    spoken = [statement.signed_bytes() for statement in statements]
    spoken += [
        statement.attested_bytes(document, signed_on, board)
        for statement, document, signed_on, board in itertools.product(
            statements, (DOCUMENT, OTHER), ("2026-06-30", "2026-07-01"), (None, "2026-06-30")
        )
    ]
    assert len(set(spoken)) == len(spoken)


@pytest.mark.parametrize(
    "change",
    [
        {"agreement": AgreementId("mou\nversion: 9")},
        {"agreement": AgreementId("mou\n")},
        {"institution": InstitutionId("Lakeside")},
        {"person": "dana whitfield"},
        {"person": ""},
        {"version": 0},
        {"digest": DIGEST.upper()},
        {"digest": DIGEST[:-1]},
        {"digest": DIGEST + "\n"},
    ],
)
def test_what_could_be_read_as_another_statement_is_never_signed(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"ids are|a digest has"):
        replace(STATED, **change).signed_bytes()


@pytest.mark.parametrize("days", [("30 June", None), ("2026-06-30", "soon"), ("2026-06-30\n", None)])
def test_days_are_written_one_way(days: tuple[str, str | None]) -> None:
    with pytest.raises(ValueError, match="one way"):
        STATED.attested_bytes(DOCUMENT, *days)


@pytest.mark.parametrize(
    "actor",
    [
        Actor("operator alice"),
        Actor("operator alice/bob"),
        Actor("lakeside-sis", InstitutionId("lakeside")),
        Actor("operator alice/bob", InstitutionId("riverton")),
    ],
)
def test_an_actor_is_read_back_as_it_was_written(actor: Actor) -> None:
    assert actor_of(actor.text) == actor


def test_an_operator_is_never_read_as_an_institution() -> None:
    assert actor_of("operator lakeside/x").institution is None
    assert actor_of("demo operator").institution is None
