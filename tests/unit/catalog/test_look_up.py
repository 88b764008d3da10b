"""Which sealed elements are found by a blind index: those whose values are many, and no name."""

from __future__ import annotations

from gateway.catalog.load import load_catalog
from gateway.catalog.look_up import LOOKED_UP, index_column

NO_INDEX = ("firstName", "lastSurname", "middleName", "maidenName", "streetNumberName", "city", "birthCity", "comment")


def test_identifiers_have_one_and_names_addresses_and_free_text_have_none() -> None:
    elements = [element for resource in load_catalog().resources.values() for element in resource.every_element()]
    indexed = {element.path.rpartition(".")[2] for element in elements if index_column(element) is not None}
    assert indexed == LOOKED_UP
    assert not indexed & set(NO_INDEX)
    assert all(element.sensitivity == "direct_identifier" for element in elements if index_column(element) is not None)


def test_its_column_is_none_of_the_tables_others() -> None:
    for resource in load_catalog().resources.values():
        for elements in (resource.elements, *(collection.elements for collection in resource.collections.values())):
            columns = [element.column for element in elements.values()]
            columns += [name for element in elements.values() if (name := index_column(element)) is not None]
            assert len(columns) == len(set(columns))
            assert all(len(name) <= 63 for name in columns)
