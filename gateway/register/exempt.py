"""Exempt (pure): which disclosures need not be in the record of disclosures (34 CFR 99.32(d)), or are none of a record at all.

They are kept in the register all the same, and marked. What is not known to be exempt is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Exemption:
    """Why an entry need not be in the record, and by which rule."""

    reason: str
    citation: str


_BY_BASIS: Mapping[str, Exemption] = {
    "a12_self": Exemption("it was made to the person itself", "34 CFR 99.32(d)(1)"),
    "a1_school_official": Exemption(
        "it was made to a school official with a legitimate educational interest", "34 CFR 99.32(d)(2)"
    ),
    "consent": Exemption("the person had consented in writing", "34 CFR 99.32(d)(3)"),
    "a11_directory": Exemption("it was of directory information", "34 CFR 99.32(d)(4)"),
    "b1_deidentified": Exemption("the records did not tell who anybody is", "34 CFR 99.31(b)(1)"),
    "b2_coded_research": Exemption("the records did not tell who anybody is", "34 CFR 99.31(b)(2)"),
    "none_not_education_record": Exemption("the record is not an education record", "34 CFR 99.3"),
}
_ORDER = "a9_order_or_subpoena"
_SECRET_ORDERS = ("99.31(a)(9)(ii)(A)", "99.31(a)(9)(ii)(B)", "99.31(a)(9)(ii)(C)")
"""A grand jury's, a law-enforcement subpoena or a court's order that says that it must not be told (99.32(d)(5))."""


def exemption(bases: Iterable[tuple[str, str]]) -> Exemption | None:
    """Why an entry that stands on these bases (name, citation), one for each part that the person has in it, is exempt; None when
    it is not, for one of them at least."""
    found = [_of(basis, citation) for basis, citation in bases]
    return found[0] if found and None not in found else None


def _of(basis: str, citation: str) -> Exemption | None:
    if basis == _ORDER:
        secret = any(order in "".join(citation.split()) for order in _SECRET_ORDERS)
        return Exemption("an order or subpoena forbids to tell of it", "34 CFR 99.32(d)(5)") if secret else None
    return _BY_BASIS.get(basis)
