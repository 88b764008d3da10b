"""Differ: two answers of the policy, one line for each rule, element, row and other member in which they are not the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

NOTHING = "-"
SATISFIED, REFUSES, WITHHELD = "satisfied", "refuses", "withheld"
IN_THEIR_OWN_WORDS = frozenset({"rules", "reasons", "elements", "withheld", "rows"})
Facets = Mapping[str, str]
"""What an answer says, as short text by name: `element firstName` -> `share`, `rule F-31-0` -> `satisfied`."""


@dataclass(frozen=True)
class Difference:
    """One facet before and after; `-` where an answer does not have it."""

    what: str
    before: str
    after: str


def differences(before: Facets, after: Facets, *, only_known: bool = False) -> tuple[Difference, ...]:
    """What is not the same, sorted by name; with `only_known` only what `before` has, besides rules."""
    names = {name for name in before.keys() | after.keys() if not only_known or name in before or name.startswith("rule ")}
    told = [Difference(name, before.get(name, NOTHING), after.get(name, NOTHING)) for name in sorted(names)]
    return tuple(difference for difference in told if difference.before != difference.after)


def facets(answer: object) -> Facets:
    """Of an answer as the policy gave it; one that is no object has a single facet."""
    return dict(_facets(answer)) if isinstance(answer, dict) else {"answer": _text(answer)}


def facets_of_leaf(leaf: Mapping[str, object]) -> Facets:
    """Of what the log says about a decision: less than the answer, for it names only the elements that were asked for."""
    found = {"decision": _text(leaf.get("decision"))}
    found |= {f"rule {rule}": REFUSES if leaf.get("decision") == "deny" else SATISFIED for rule in _list(leaf.get("rules"))}
    found |= {f"element {path}": "share" for path in _list(leaf.get("released"))}
    found |= {f"element {path}": WITHHELD for path in _list(leaf.get("withheld"))}
    treated = leaf.get("treated")
    return found | ({f"element {path}": _text(how) for path, how in treated.items()} if isinstance(treated, dict) else {})


def _facets(answer: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, member in answer.items():
        if name not in IN_THEIR_OWN_WORDS:
            yield name, _text(member)
    for rule in _list(answer.get("rules")):
        yield f"rule {rule}", SATISFIED
    for reason in _list(answer.get("reasons")):
        yield f"rule {reason['rule']}" if isinstance(reason, dict) and "rule" in reason else "reason", REFUSES
    elements = answer.get("elements")
    for path, treatment in elements.items() if isinstance(elements, dict) else ():
        yield f"element {path}", _treatment(treatment)
    for path in _list(answer.get("withheld")):
        yield f"element {path}", WITHHELD
    for row in _list(answer.get("rows")):
        # Conditions have no names of their own: each is what it says.
        yield f"row {_text(row)}", "holds"


def _treatment(treatment: object) -> str:
    """As `gateway.domain.treatments.spoken` says it in the log."""
    if not isinstance(treatment, dict):
        return _text(treatment)
    return ":".join(str(treatment[name]) for name in ("treatment", "to", "keep", "by") if name in treatment)


def _list(found: object) -> list[object]:
    return found if isinstance(found, list) else []


def _text(found: object) -> str:
    return found if isinstance(found, str) else orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()
