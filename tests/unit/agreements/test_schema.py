"""The JSON Schema that editors use: it takes what the reader takes, and refuses broken shapes where it can."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from gateway.agreements.read_basis import DETAILS as READ
from gateway.agreements.read_rows import RELATIONS as READ_RELATIONS
from gateway.agreements.read_rows import ROSTER
from gateway.catalog.agreement_schema import RELATIONS
from gateway.catalog.basis_schema import DETAILS
from gateway.catalog.describe import describe
from gateway.catalog.load import load_catalog
from gateway.domain.compose_yaml import compose
from gateway.shipped import shipped

# What `gateway agreement new` fills in (`templates`) becomes an agreement file only then.
ROOT = shipped("policies").parent
GOOD = sorted(
    file
    for folder in (
        ROOT / "policies",
        ROOT / "tests" / "campaigns",
        ROOT / "tests" / "journeys",
        ROOT / "tests" / "agreements" / "good",
    )
    for file in folder.rglob("*.yaml")
    if "schedules:" in file.read_text(encoding="utf-8")
    and not file.name.endswith(".cases.yaml")
    and file.parent.name != "templates"
)
STRUCTURAL = """
    basis_member_misspelled element_of_another_resource kind_of_party limits_too_high member_misspelled no_parties
    resource_misspelled treatment_misspelled unknown_basis unknown_purpose version_two yes_instead_of_true
""".split()


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    text = (shipped("policies") / "schemas" / "agreement.schema.json").read_bytes()
    tree = orjson.loads(text)
    Draft202012Validator.check_schema(tree)
    return Draft202012Validator(tree)


def as_json(node: Node) -> Any:
    """What an editor's YAML reader makes of a file: numbers and booleans where they are plain."""
    if isinstance(node, MappingNode):
        return {key.value: as_json(value) for key, value in node.value}
    if not isinstance(node, ScalarNode):
        return [as_json(item) for item in node.value]
    if node.style is None and re.fullmatch("-?[0-9]+", node.value):
        return int(node.value)
    if node.style is None and node.value in {"true", "false"}:
        return node.value == "true"
    return node.value


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_every_example_fits_the_schema(file: Path, schema: Draft202012Validator) -> None:
    assert [error.message for error in schema.iter_errors(as_json(compose(file, file.name)))] == []


def test_examples_were_found() -> None:
    assert len(GOOD) >= 5


@pytest.mark.parametrize("name", STRUCTURAL)
def test_broken_shape_does_not_fit_the_schema(name: str, schema: Draft202012Validator) -> None:
    file = ROOT / "tests" / "agreements" / "broken" / f"{name}.yaml"
    assert not schema.is_valid(as_json(compose(file, file.name)))


def test_derived_files_are_what_the_catalog_gives() -> None:
    for path, text in describe(load_catalog()).items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path}: run python -m gateway.catalog.describe"


def test_every_element_shows_its_description(schema: Draft202012Validator) -> None:
    resources = schema.schema["properties"]["schedules"]["items"]["properties"]["resources"]["properties"]
    for resource in load_catalog().resources.values():
        shown = resources[resource.name]["properties"]["elements"]["properties"]
        for element in resource.every_element():
            if element.sensitivity == "prohibited":
                assert element.path not in shown
            else:
                assert shown[element.path]["description"] == element.description


def test_schema_and_reader_know_the_same_bases_and_relations() -> None:
    assert {basis: set(members) for basis, members in DETAILS.items()} == {basis: set(members) for basis, members in READ.items()}
    assert set(RELATIONS) == {*READ_RELATIONS, ROSTER}
