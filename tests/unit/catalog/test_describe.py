"""What derives from the catalog is what stands in the checkout, and the agreement's schema accepts the agreement that ships."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from gateway.catalog.describe import DERIVED, describe, write
from gateway.catalog.load import load_catalog

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("path", DERIVED)
def test_a_derived_file_has_not_drifted_from_the_catalog(path: str) -> None:
    stands = (CHECKOUT / path).read_text(encoding="utf-8")
    assert stands == describe(load_catalog())[path], "run: python -m gateway.catalog.describe"


def test_writing_again_writes_nothing(tmp_path: Path) -> None:
    assert write(tmp_path) == list(DERIVED)
    assert write(tmp_path) == []


def test_the_policy_knows_every_element_with_what_the_law_is_applied_to() -> None:
    catalog = load_catalog()
    facts = orjson.loads(describe(catalog)["policies/catalog/data.json"])["resources"]
    assert facts.keys() == set(catalog.resources)
    for resource in catalog.resources.values():
        known = facts[resource.name]["elements"]
        assert known.keys() == {element.path for element in resource.every_element()}
        for element in resource.every_element():
            told = (known[element.path]["class"], known[element.path]["pii"], known[element.path]["directory"])
            assert told == (element.sensitivity, element.pii, element.directory)
            assert known[element.path]["person"] == element.person
