"""The JSON Schema that editors use for source files: it takes what the reader takes, and refuses broken shapes where it can."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

import connectors
from connectors.kinds import kinds
from connectors.source_schema import source_schema
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import known_resources, read_source
from gateway.errors import FileErrors

ROOT = Path(connectors.__file__).parent
CATALOG = load_catalog()
SCHEMA = source_schema(known_resources(CATALOG), kinds())
README = (ROOT / "README.md").read_text(encoding="utf-8")
GOOD = {
    **{file.name: file.read_text(encoding="utf-8") for file in sorted((ROOT / "examples").glob("*.yaml"))},
    **{f"readme {n}": text for n, text in enumerate(re.findall(r"```yaml\n(version: 1\n.*?)```", README, re.DOTALL))},
    **{
        file.name: file.read_text(encoding="utf-8")
        for file in sorted((ROOT.parent / "gateway" / "demo").glob("*.source.yaml"))
        + sorted((ROOT.parent / "tests" / "journeys").rglob("source.yaml"))
    },
}
MINIMAL = """version: 1
id: sis
provider: lakeside
maintainer: {kind: epp}
kind: delimited
location: .
resources:
  candidates: {file: c.csv, columns: {Id: candidateIdentifier}}
"""
BROKEN = {
    "a member that there is not": ("kind: delimited", "kind: delimited\nlocatoin: x"),
    "a member of another kind": ("location: .", "location: .\nbase: https://x"),
    "a kind that there is not": ("kind: delimited", "kind: delimted"),
    "no place": ("location: .\n", ""),
    "another version": ("version: 1", "version: 2"),
    "an id that is no slug": ("id: sis", "id: My SIS"),
    "a maintainer that there is not": ("{kind: epp}", "{kind: school}"),
    "a resource that there is not": ("candidates:", "candidate:"),
    "an element that there is not": ("candidateIdentifier", "candidateId"),
    "a resource without columns": (", columns: {Id: candidateIdentifier}", ""),
    "a resource's member of another kind": ("{file:", "{table: x, file:"),
    "an encoding that there is not": ("{file:", "{encoding: latin1, file:"),
    "a schedule of two ways": ("location: .", "location: .\nschedule: {every: 1h, cron: '1 2 * * *'}"),
    "a distance without a unit": ("location: .", "location: .\nschedule: {every: 60}"),
    "a column that is neither": ("Id: candidateIdentifier", "Id: {prefix: x}"),
    "a constant that is no element": ("columns:", "constants: {nothing: x}, columns:"),
    "a subject that there is not": ("columns:", "subjects: {candidate: pupil}, columns:"),
    "a collection that there is not": ("columns:", "collections: {race: {columns: {R: raceDescriptor}}}, columns:"),
}


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    Draft202012Validator.check_schema(SCHEMA)
    return Draft202012Validator(json.loads(json.dumps(SCHEMA)))


def loaded(text: str) -> Any:
    """As an editor reads it."""
    return json.loads(json.dumps(YAML(typ="safe").load(io.StringIO(text)), default=str))


@pytest.mark.parametrize("name", GOOD)
def test_every_example_fits_the_schema(name: str, schema: Draft202012Validator) -> None:
    assert [f"{error.json_path}: {error.message}" for error in schema.iter_errors(loaded(GOOD[name]))] == []


def test_the_smallest_file_fits_the_schema_and_the_reader(schema: Draft202012Validator, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(MINIMAL, encoding="utf-8")
    assert read_source(tmp_path / "s.yaml", CATALOG, {}).id == "sis"
    assert schema.is_valid(loaded(MINIMAL))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_shape_is_refused_by_both(name: str, schema: Draft202012Validator, tmp_path: Path) -> None:
    text = MINIMAL.replace(*BROKEN[name], 1)
    assert text != MINIMAL
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(FileErrors):
        read_source(tmp_path / "s.yaml", CATALOG, {})
    assert not schema.is_valid(loaded(text))


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_kind_says_what_each_of_its_members_holds_and_nothing_of_others(kind: str) -> None:
    found = kinds()[kind]
    assert set(found.shapes) == {*found.members, *found.resource_members, *found.defaults}
