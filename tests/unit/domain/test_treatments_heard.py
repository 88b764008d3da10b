"""What a treatment is called on the log is understood again, and nothing else is."""

from __future__ import annotations

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
    heard,
    spoken,
)

EVERY: list[Treatment] = [
    Share(),
    Pseudonymise(),
    ReturnOwnId(),
    RedactText(),
    AggregateOnly(),
    Withhold(),
    MaskText("initial"),
    MaskText("last_four"),
    Generalise("year"),
    Generalise("age_band", 5),
    Generalise("round", 0.5),
    Generalise("top_code", -3),
    Generalise("roll_up", "grades:2026"),
    Generalise("roll_up", "7"),
]


@pytest.mark.parametrize("treatment", EVERY, ids=spoken)
def test_what_was_spoken_is_heard(treatment: Treatment) -> None:
    assert heard(spoken(treatment)) == treatment


@pytest.mark.parametrize(
    "text", ["", "shared", "mask:", "mask:all", "generalise", "generalise:decade", "generalise:round:", "share:1"]
)
def test_another_text_is_no_treatment(text: str) -> None:
    with pytest.raises(ValueError, match="no treatment"):
        heard(text)
