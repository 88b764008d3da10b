"""Wider (pure): whether one term lets out more than another. An order with gaps: what it cannot compare is wider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from gateway.domain.decision import AheadPredicate, LegalBasis, RelatedPredicate, RosterPredicate, RowPredicate, StatedPredicate
from gateway.domain.treatments import AggregateOnly, Generalise, Share, Treatment, Withhold

CodeLists = Mapping[str, Mapping[str, str]]
Numbers = (int, float)


def is_wider(was: Treatment, now: Treatment, old_lists: CodeLists, new_lists: CodeLists) -> bool:
    """Whether somebody who sees an element treated as `now` can learn what `was` did not tell.

    A code list counts by what it says in the version it stands in.
    """
    if isinstance(now, Withhold):
        return False
    if isinstance(now, AggregateOnly):
        return isinstance(was, Withhold)
    if isinstance(was, Share):
        return False
    if isinstance(now, Generalise) and isinstance(was, Generalise):
        return not _follows(was, now, old_lists, new_lists)
    return was != now


def _follows(was: Generalise, now: Generalise, old_lists: CodeLists, new_lists: CodeLists) -> bool:
    """Whether the value made by `now` can be worked out from the value made by `was`."""
    match was, now:
        case Generalise("roll_up", str(old)), Generalise("roll_up", str(new)):
            return _coarser_groups(old_lists.get(old, {}), new_lists.get(new, {}))
        case _ if was == now:
            return True
        case Generalise("month"), Generalise("year"):
            return True
        case Generalise("age_band" | "band" as first, int(fine)), Generalise("age_band" | "band" as second, int(coarse)):
            return first == second and coarse % fine == 0
        case Generalise("top_code", int() | float() as old_bound), Generalise("top_code", int() | float() as new_bound):
            return new_bound <= old_bound
        case Generalise("bottom_code", int() | float() as old_bound), Generalise("bottom_code", int() | float() as new_bound):
            return new_bound >= old_bound
        case _:
            return False


def _coarser_groups(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether every new group is made of whole old groups; codes that the old list does not map were null, all alike."""
    unmapped = "\0"
    becomes: dict[str, set[str]] = {}
    for code in (*old, *new):
        becomes.setdefault(old.get(code, unmapped), set()).add(new.get(code, unmapped))
    # A code in neither list is null in both, so what was null before must stay null as a whole.
    return all(len(groups) == 1 for groups in becomes.values()) and becomes.get(unmapped, {unmapped}) == {unmapped}


def scope_widens(before: Sequence[StatedPredicate], after: Sequence[StatedPredicate]) -> bool:
    """Whether a row that was out can be in: some old condition is implied by none of the new ones."""
    return not all(any(_implies(new, old) for new in after) for old in before)


def _implies(new: StatedPredicate, old: StatedPredicate) -> bool:
    """Whether every row for which `new` holds is one for which `old` holds."""
    match new, old:
        case RowPredicate(element, "equals" | "in", values), RowPredicate(other, "equals" | "in", allowed):
            return element == other and all(any(_same(value, known) for known in allowed) for value in values)
        case RowPredicate(element, "at_least" | "at_most" as way, (new_bound,)), RowPredicate(other, same_way, (old_bound,)):
            return element == other and way == same_way and _not_outside(way, new_bound, old_bound)
        case RowPredicate(element, "equals" | "in" | "at_least" | "at_most"), RowPredicate(other, "present", (True,)):
            return element == other
        case RowPredicate(element, "present", values), RowPredicate(other, "present", expected):
            return element == other and values == expected
        case AheadPredicate(element, unit, count), AheadPredicate(other, same_unit, most):
            return element == other and unit == same_unit and count <= most
        case RelatedPredicate(resource, about, where), RelatedPredicate(other_resource, same, conditions):
            alike = resource == other_resource and about == same
            return alike and not scope_widens(cast(Sequence[StatedPredicate], conditions), where)
        case RosterPredicate(element), RosterPredicate(other):
            return element == other
        case _:
            return False


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _not_outside(way: str, new_bound: object, old_bound: object) -> bool:
    if isinstance(new_bound, Numbers) and isinstance(old_bound, Numbers):
        return new_bound >= old_bound if way == "at_least" else new_bound <= old_bound
    if isinstance(new_bound, str) and isinstance(old_bound, str):
        return new_bound >= old_bound if way == "at_least" else new_bound <= old_bound
    return False


def basis_widens(before: LegalBasis, after: LegalBasis) -> bool:
    """Whether people who were absent can be there: on consent those who gave none are, on a directory basis those who opted
    out, and a release has none of a small class."""
    if before.basis == after.basis:
        return before.basis in _CHOOSING and before.details != after.details
    return before.basis in _CHOOSING


_CHOOSING = frozenset({"consent", "a11_directory", "b1_deidentified", "b2_coded_research"})
