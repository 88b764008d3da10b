"""The plain reading of a treatment, value by value; tests/unit/store/test_generalise.py holds SQL against it."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.domain.treatments import (
    AggregateOnly,
    Generalise,
    MaskText,
    Pseudonymise,
    RedactText,
    ReturnOwnId,
    Share,
    Treatment,
    Withhold,
)
from gateway.errors import IntegrityError
from gateway.redact.by_value import OWN_ID, PSEUDONYM, treated_value

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("treatment", "before", "after"),
    [
        (Share(), "Ana", "Ana"),
        (Share(), False, False),
        (Pseudonymise(), "C-104", PSEUDONYM),
        (ReturnOwnId(), "C-104", OWN_ID),
        (MaskText("initial"), "maria", "M."),
        (RedactText(), "Ana was there.", None),
        (AggregateOnly(), "F", None),
        (Withhold(), "F", None),
        (Generalise("year"), "2003-05-17", 2003),
        (Generalise("age_band", 5), "2001-11-25", "20-24"),
        (Generalise("roll_up", "stem"), "Physics", "STEM"),
        (Generalise("roll_up", "stem"), "Dance", None),
        (Generalise("year"), None, None),
    ],
)
def test_treatments(treatment: Treatment, before: str | bool | None, after: object) -> None:
    assert treated_value(before, treatment, TODAY, {"stem": {"Physics": "STEM"}}) == after


def test_free_text_is_what_the_redaction_gives() -> None:
    assert (
        treated_value("Ana was there.", RedactText(), TODAY, {}, lambda text: text.replace("Ana", "[name]")) == "[name] was there."
    )


@pytest.mark.parametrize("treatment", [Generalise("year"), Generalise("band", 5), Generalise("roll_up", "none")])
def test_what_does_not_fit_is_refused_without_the_value(treatment: Generalise) -> None:
    with pytest.raises(IntegrityError) as caught:
        treated_value(True if treatment.to == "year" else "secret", treatment, TODAY, {})
    assert "secret" not in str(caught.value)
