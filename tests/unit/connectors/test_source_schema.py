"""The JSON Schema that editors use for source files: it takes what the reader takes, and refuses broken shapes where it can."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

import connectors
from connectors.kinds import kinds
from connectors.source_file import read_source_file
from connectors.source_schema import source_schema
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import known_resources, read_source
from gateway.errors import FileErrors, FileProblem

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


def places(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a file."""
    yield path
    if isinstance(found, (dict, list)):
        for key, inner in found.items() if isinstance(found, dict) else enumerate(found):
            yield from places(inner, (*path, key))


def changed(found: Any, path: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """The file with one thing taken out, put in another shape, or put in where it does not belong."""
    for what, text in (("emptied", {}), ("listed", []), ("a text", "zzz"), ("a number", 7), ("nothing", None), ("quoted", "7")):
        if path:
            other = deepcopy(found)
            at(other, path[:-1])[path[-1]] = text
            yield what, other
    if path:
        other = deepcopy(found)
        del at(other, path[:-1])[path[-1]]
        yield "gone", other
    if isinstance(at(found, path), dict):
        other = deepcopy(found)
        at(other, path)["zzz"] = "zzz"
        yield "more", other


def at(found: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        found = found[key]
    return found


@pytest.mark.parametrize("name", [name for name in GOOD if name.startswith("readme")])
def test_what_the_schema_refuses_the_reader_refuses_and_no_member_is_unknown_to_one_of_them(
    name: str, schema: Draft202012Validator, tmp_path: Path
) -> None:
    known, file, found = known_resources(CATALOG), tmp_path / "s.yaml", loaded(GOOD[name])
    told = []
    for path in list(places(found)):
        for what, other in changed(found, path):
            file.write_text(json.dumps(other, ensure_ascii=False), encoding="utf-8")
            problems: tuple[FileProblem, ...] = ()
            try:
                read_source_file(file, known, {"EXTRACTS": "extracts"})
            except FileErrors as why:
                problems = why.problems
            fits = schema.is_valid(other)
            unknown = any('"zzz" is not a member of' in problem.message for problem in problems)
            if (not fits and not problems) or (fits and unknown):
                told.append((path, what))
    assert told == []


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_kind_says_what_each_of_its_members_holds_and_nothing_of_others(kind: str) -> None:
    found = kinds()[kind]
    assert set(found.shapes) == {*found.members, *found.resource_members, *found.defaults}
