"""The examples in the connectors' README are source files that read."""

from __future__ import annotations

from pathlib import Path

import pytest

import connectors
from connectors.kinds import kinds
from connectors.oneroster_rows import RESOURCES
from connectors.source import Known
from connectors.source_file import read_source_file
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
from gateway.domain.identifiers import ResourceName

KNOWN = {
    ResourceName("candidates"): Known(
        frozenset({"candidateIdentifier", "birthDate", "sexDescriptor", "personReference.sourceSystemDescriptor"}),
        {"races": frozenset({"raceDescriptor"})},
        frozenset({"candidate"}),
        frozenset({"candidateIdentifier"}),
    ),
    ResourceName("credentials"): Known(
        frozenset({"credentialIdentifier", "stateOfIssueStateAbbreviationDescriptor"}),
        {"gradeLevels": frozenset({"gradeLevelDescriptor"})},
    ),
    ResourceName("financialAids"): Known(frozenset({"studentReference.studentUniqueId", "aidTypeDescriptor", "beginDate"})),
}


def test_example_of_the_readme_is_read_without_a_problem(tmp_path: Path) -> None:
    readme = (Path(connectors.__file__).parent / "README.md").read_text(encoding="utf-8")
    (tmp_path / "source.yaml").write_text(readme.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    source = read_source_file(tmp_path / "source.yaml", KNOWN, {"EXTRACTS": "extracts"})
    assert set(source.resources) == set(KNOWN)
    assert {kind: set(rules) for kind, rules in source.rights.items()} == {
        "consents": {ResourceName("candidates")},
        "opt_outs": {ResourceName("candidates")},
    }


@pytest.mark.parametrize(("number", "kind"), [(1, "oneroster"), (2, "oneroster-csv")])
def test_examples_of_oneroster_are_read_without_a_problem_and_every_member_is_in_one(
    tmp_path: Path, number: int, kind: str
) -> None:
    readme = (Path(connectors.__file__).parent / "README.md").read_text(encoding="utf-8")
    example = readme.partition("\n## OneRoster\n")[2].split("```yaml\n")[number].split("```")[0]
    (tmp_path / "source.yaml").write_text(example, encoding="utf-8")
    source = read_source(tmp_path / "source.yaml", load_catalog(), {})
    assert source.kind == kind
    assert len(source.resources) == len(RESOURCES)
    documented = readme.partition("\n## OneRoster\n")[2]
    assert all(f"{member}:" in documented for member in kinds()[kind].members if member not in ("allow_hosts", "ca_file"))
