"""JUnit XML of a run of cases, for build servers."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from gateway.agreements.cases.run_cases import Outcome


def junit(outcomes: Sequence[Outcome], file: str) -> bytes:
    """One suite an engine, one test case a case."""
    root = Element("testsuites", name=file)
    for engine in dict.fromkeys(outcome.engine for outcome in outcomes):
        ours = [outcome for outcome in outcomes if outcome.engine == engine]
        failures = sum(1 for outcome in ours if outcome.failure)
        suite = SubElement(root, "testsuite", name=f"{file} ({engine})", tests=str(len(ours)), failures=str(failures), errors="0")
        for outcome in ours:
            case = SubElement(suite, "testcase", name=outcome.case.name, classname=engine, file=file, line=str(outcome.case.line))
            if outcome.failure:
                SubElement(case, "failure", message=outcome.failure)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document
