"""A sample of the campaign that disturbs an OPA server at random under load."""

from __future__ import annotations

from pathlib import Path

from gateway.pdp.read_bundle import ARCHIVE
from gateway.shipped import shipped
from tests.bundles import other_bundle
from tests.campaigns.opa_chaos import KINDS, LONGEST_ANSWER, LONGEST_RECOVERY, disturb
from tests.questions import questions


def test_a_disturbed_opa_server_gives_right_answers_or_none_in_time(opa_binary: str, tmp_path: Path) -> None:
    older = other_bundle(tmp_path, opa_binary, 'input.principal.institution == "riverton"')
    toll = disturb(opa_binary, shipped("policies") / "bundle" / ARCHIVE, older, questions().values(), seed=3, times=len(KINDS))
    assert toll.disturbances.keys() == KINDS
    assert toll.wrong == 0
    assert toll.right > 0 and toll.unavailable > 0
    assert toll.slowest < LONGEST_ANSWER
    assert max(toll.recoveries) < LONGEST_RECOVERY
