"""A seeded sample of the mutation run; `make soak` runs it whole."""

from __future__ import annotations

import random

from gateway.shipped import shipped
from tests.policies.mutate import mutants, run

SEED = 20_261_124
SAMPLE = 25
MOST_SURVIVORS = 2


def test_cases_find_out_a_sample_of_changed_conditions(opa_binary: str) -> None:
    policies = shipped("policies")
    chosen = random.Random(SEED).sample(mutants(opa_binary, policies), SAMPLE)
    toll = run(opa_binary, chosen, policies)
    assert toll.compiled > SAMPLE // 2
    assert len(toll.survivors) <= MOST_SURVIVORS, [str(mutant) for mutant in toll.survivors]


def test_each_kind_of_condition_is_changed(opa_binary: str) -> None:
    assert {mutant.kind for mutant in mutants(opa_binary, shipped("policies"))} == {"negated", "dropped", "comparison", "constant"}
