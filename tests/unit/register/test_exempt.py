"""Which disclosures need not be recorded: those that the law lists, and no others."""

from __future__ import annotations

import pytest

from gateway.domain.agreement import BASES
from gateway.register.exempt import exemption

SECRET = "34 CFR 99.31(a)(9)(ii)(B)"


@pytest.mark.parametrize(
    ("basis", "rule"),
    [
        ("a12_self", "99.32(d)(1)"),
        ("a1_school_official", "99.32(d)(2)"),
        ("consent", "99.32(d)(3)"),
        ("a11_directory", "99.32(d)(4)"),
        ("b1_deidentified", "99.31(b)(1)"),
        ("b2_coded_research", "99.31(b)(2)"),
        ("none_not_education_record", "99.3"),
    ],
)
def test_a_basis_that_the_law_exempts_is_marked_with_its_rule(basis: str, rule: str) -> None:
    found = exemption([(basis, "")])
    assert found is not None
    assert found.citation == f"34 CFR {rule}"


@pytest.mark.parametrize("basis", ["a2_enrollment", "a3_audit_eval", "a6_study", "a7_accreditation", "a10_emergency"])
def test_transfer_audit_study_accreditation_and_emergency_are_not_exempt(basis: str) -> None:
    assert exemption([(basis, BASES[basis])]) is None


@pytest.mark.parametrize(
    ("citation", "exempt"),
    [
        (SECRET, True),
        ("34 CFR 99.31 (a)(9)(ii)(C)", True),
        ("34 CFR 99.31(a)(9)(i)", False),
        (BASES["a9_order_or_subpoena"], False),
    ],
)
def test_an_order_is_exempt_only_where_it_must_not_be_told(citation: str, exempt: bool) -> None:
    assert (exemption([("a9_order_or_subpoena", citation)]) is not None) is exempt


def test_one_part_that_is_not_exempt_makes_the_entry_count() -> None:
    assert exemption([("consent", ""), ("a6_study", "")]) is None
    assert exemption([("consent", ""), ("a1_school_official", "")]) is not None


def test_what_is_not_known_counts() -> None:
    assert exemption([("invented", "")]) is None
    assert exemption([]) is None
