"""The example in the connectors' README is a source file that reads."""

from __future__ import annotations

from pathlib import Path

import connectors
from connectors.source import Known
from connectors.source_file import read_source_file
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
