"""Problems of files as SARIF 2.1.0, which code-review tools show beside the lines."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from gateway.errors import FileErrors, FileProblem

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
TOOL = "gateway agreement check"


def sarif(problems: Sequence[FileProblem]) -> dict[str, object]:
    """One run with a result for each problem; what only has the wrong shape is of the rule `GW-CFG-02`."""
    rules = sorted({(problem.rule or FileErrors.code, problem.citation) for problem in problems})
    ids = sorted({rule for rule, _ in rules})
    cited = {rule: sorted({citation for other, citation in rules if other == rule and citation}) for rule in ids}
    driver = {
        "name": TOOL,
        "rules": [{"id": rule, "shortDescription": {"text": "; ".join(cited[rule]) or FileErrors.title}} for rule in ids],
    }
    results = [_result(problem, ids) for problem in problems]
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _result(problem: FileProblem, ids: Sequence[str]) -> dict[str, object]:
    rule = problem.rule or FileErrors.code
    region: dict[str, object] = {"startLine": problem.line, "startColumn": problem.column}
    if problem.text:
        region["snippet"] = {"text": problem.text}
    return {
        "ruleId": rule,
        "ruleIndex": ids.index(rule),
        "level": "error",
        "message": {"text": problem.sentence},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": quote(problem.file.replace("\\", "/"))}, "region": region}}
        ],
    }
