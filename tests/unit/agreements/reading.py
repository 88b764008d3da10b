"""Agreement files for tests: a small right one to change, and what is told about a changed one."""

from __future__ import annotations

from gateway.agreements.read_agreement import Reading, merged, read_source
from gateway.catalog.load import load_catalog
from gateway.domain.agreement import Agreement

RIGHT = """\
version: 1
id: hillside-oakhill
title: A small agreement
timezone: America/Denver
term: {from: 2026-07-01, until: 2027-06-30}
parties:
  hillside: {name: Hillside College, kind: [epp], education_organizations: [7001]}
  oakhill: {name: Oak Hill Schools, kind: [district], education_organizations: [255902]}
redisclosure: {allowed: false, notice: Do not pass it on.}
destruction: {days_after_end: 30}
schedules:
  - id: residents
    provider: hillside
    recipient: oakhill
    legal_basis: {basis: a10_emergency, citation: 34 CFR 99.36, threat: A storm}
    purposes:
      placement: {legitimate_interest: Placing residents}
    resources:
      candidates:
        elements:
          firstName: share
"""


def read(text: str) -> Agreement:
    """The one agreement of a text that is right."""
    (reading,) = read_source(text, "file.yaml", load_catalog())
    assert reading.problems == ()
    assert reading.agreement is not None
    return reading.agreement


def changed(old: str, new: str, text: str = RIGHT) -> str:
    """The right file with one part changed."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


def readings(text: str) -> tuple[Reading, ...]:
    """Every agreement of a text with its problems."""
    return read_source(text, "file.yaml", load_catalog())


def told(text: str) -> list[tuple[int, int, str]]:
    """Line, column and sentence of each problem."""
    return [(problem.line, problem.column, problem.sentence) for problem in merged(readings(text))]


def sentences(text: str) -> list[str]:
    """The sentences alone."""
    return [sentence for _, _, sentence in told(text)]
