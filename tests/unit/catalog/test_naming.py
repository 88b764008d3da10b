"""Which elements say who somebody is: none of the catalog's identifiers is forgotten."""

from __future__ import annotations

import pytest

from gateway.catalog.load import load_catalog
from gateway.catalog.naming import TELLS_NOBODY, TOLD, naming_elements
from gateway.domain.identifiers import ElementPath, ResourceName

CATALOG = load_catalog()


def test_the_resources_that_name_people() -> None:
    assert set(naming_elements(CATALOG)) == {"candidates", "staffs", "surveyResponses"}


@pytest.mark.parametrize("name", ["candidates", "staffs", "surveyResponses"])
def test_every_direct_identifier_of_them_is_looked_for_or_tells_nobody(name: str) -> None:
    resource = CATALOG.resources[ResourceName(name)]
    identifiers = {element.path for element in resource.every_element() if element.sensitivity == "direct_identifier"}
    told = naming_elements(CATALOG)[resource.name]
    assert {path.rpartition(".")[2] for path in identifiers - told.keys()} <= TELLS_NOBODY
    assert told.keys() <= identifiers


def test_what_is_named_is_in_the_catalog() -> None:
    known = {element.path.rpartition(".")[2] for resource in CATALOG.resources.values() for element in resource.every_element()}
    assert {*TOLD, *TELLS_NOBODY} <= known


def test_names_in_lists_count_too() -> None:
    told = naming_elements(CATALOG)[ResourceName("candidates")]
    assert told[ElementPath("otherNames.lastSurname")] == "family"
    assert told[ElementPath("telephones.telephoneNumber")] == "phone"
