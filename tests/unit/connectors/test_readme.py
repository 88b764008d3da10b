"""The source files that the connectors' README shows are right, and every kind has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import connectors
from connectors.kinds import kinds
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName

README = (Path(connectors.__file__).parent / "README.md").read_text(encoding="utf-8")
KIND = re.compile(r"^kind: (\S+)$", re.MULTILINE)
SHOWN = {KIND.findall(text)[0]: text for text in re.findall(r"```yaml\n(version: 1\n.*?)```", README, re.DOTALL)}


@pytest.mark.parametrize("kind", SHOWN)
def test_a_source_file_that_is_shown_is_right(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.source.yaml"
    file.write_text(SHOWN[kind], encoding="utf-8")
    assert read_source(file, load_catalog(), {"EXTRACTS": "extracts"}).kind == kind


def test_every_kind_is_shown() -> None:
    assert set(SHOWN) == set(kinds())


def test_the_first_shows_consents_and_opt_outs(tmp_path: Path) -> None:
    file = tmp_path / "shown.source.yaml"
    file.write_text(SHOWN["delimited"], encoding="utf-8")
    rights = read_source(file, load_catalog(), {"EXTRACTS": "extracts"}).rights
    assert {kind: set(rules) for kind, rules in rights.items()} == {
        "consents": {ResourceName("candidates")},
        "opt_outs": {ResourceName("candidates")},
    }
