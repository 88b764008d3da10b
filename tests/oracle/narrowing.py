"""An agreement with something taken away, and whether one permit gives no more than another."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from tests.oracle.reading import Facts

Removal = Callable[[Random, dict[str, Any]], None]


def less(chance: Random, entry: Facts) -> dict[str, Any]:
    """An entry minus one to three things that it grants or says."""
    left = deepcopy(dict(entry))
    for _ in range(chance.randint(1, 3)):
        chance.choice(REMOVALS)(chance, left)
    if chance.randint(1, 4) == 1:
        _a_clause(chance, left)
    return left


def an_element(chance: Random, entry: dict[str, Any]) -> None:
    """An element is no longer named, withheld, or only counted; lists of quasi-identifiers may follow."""
    if not entry["elements"]:
        return
    path = chance.choice(sorted(entry["elements"]))
    narrower: Any = chance.choice([None, {"treatment": "withhold"}, {"treatment": "aggregate_only"}])
    if narrower is None:
        del entry["elements"][path]
    else:
        entry["elements"][path] = narrower
    for basis in (entry["legal_basis"], *entry["persons"].values()):
        listed = basis.get("details", {}).get("quasi_identifiers")
        if isinstance(listed, list) and path in listed and chance.choice([True, False]):
            listed.remove(path)


def a_purpose(chance: Random, entry: dict[str, Any]) -> None:
    """A purpose is no longer served, or no longer explained."""
    place = chance.choice([entry["purposes"], entry["interests"]])
    if place:
        place.pop() if isinstance(place, list) else place.popitem()


def _a_clause(chance: Random, entry: dict[str, Any]) -> None:
    """A member of the entry is missing, or is empty."""
    free = {"limits", "rows", "usage"}  # these narrow what is given, so that less of them is more
    name = chance.choice(sorted(entry.keys() - free))
    if name in entry and chance.choice([True, False]) and isinstance(entry[name], dict | list):
        entry[name] = type(entry[name])()
    else:
        entry.pop(name)
        entry.update({name: None} if chance.choice([True, False]) else {})


def a_member_of_a_basis(chance: Random, entry: dict[str, Any]) -> None:
    """A basis says less: of what it must say, and of what people were told."""
    bases = [basis for basis in (entry["legal_basis"], *entry["persons"].values()) if basis]
    if not bases:
        return
    place: Any = chance.choice(bases)
    while isinstance(place, dict) and place:
        name = chance.choice(sorted(place))
        if not place[name] or not isinstance(place[name], dict | list) or chance.randint(1, 4) == 1:
            if name not in {"parties", "purposes", "quasi_identifiers"}:  # these limit
                del place[name]
            return
        place = place[name]
    if isinstance(place, list) and place:
        place.pop(chance.randrange(len(place)))


def a_format(chance: Random, entry: dict[str, Any]) -> None:
    """A format or the feed is no longer offered."""
    if chance.choice([True, False]):
        entry["change_feed"] = False
    elif entry["formats"]:
        entry["formats"].pop()


def a_person(chance: Random, entry: dict[str, Any]) -> None:
    """A person of a row has no basis any more."""
    if entry["persons"]:
        del entry["persons"][chance.choice(sorted(entry["persons"]))]


def time(chance: Random, entry: dict[str, Any]) -> None:
    """The term is shorter, or the agreement no longer in force."""
    name, value = chance.choice([("from", "2026-11-25"), ("until", "2026-11-23"), ("until", "2026-11-24")])
    if chance.choice([True, False]):
        entry["state"] = chance.choice(["suspended", "terminated", "expired"])
    elif isinstance(entry.get("term"), dict) and name in entry["term"]:
        pick = max if name == "from" else min
        entry["term"][name] = pick(entry["term"][name], value)


REMOVALS: tuple[Removal, ...] = (
    an_element,
    an_element,
    an_element,
    a_purpose,
    a_member_of_a_basis,
    a_member_of_a_basis,
    a_format,
    a_person,
    time,
)


def gives_no_more(new: Facts, old: Facts) -> bool:
    """Whether one answer gives nothing that the other does not: no element, row, person, form or row of the day's limit."""
    if new.get("decision") != "permit":
        return True
    return (
        old.get("decision") == "permit"
        and all(old["elements"].get(path) == grant for path, grant in new["elements"].items())
        and new["rows"] == old["rows"]
        and set(new["excluded_opt_outs"]) >= set(old["excluded_opt_outs"])
        and all(set(new["excluded_subjects"].get(role, ())) >= set(types) for role, types in old["excluded_subjects"].items())
        and new["consents"] == old["consents"]
        and new["redisclosure_notice"] >= old["redisclosure_notice"]
        and new["rows_left"] == old["rows_left"]
        and _frozen(new) == _frozen(old)
    )


def _frozen(permit: Facts) -> Any:
    return None if permit["release"] is None else (permit["release"]["version"], permit["release"]["smallest_class"])
