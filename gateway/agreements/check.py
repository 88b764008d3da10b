"""Check agreement files (PAP): what is wrong with their shape and what the law refuses, all at once, each at its place.

The command, the API and everything that stores an agreement use this; whoever stores one calls `Checked.good`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.agreements.read_agreement import Reading, merged, read_source
from gateway.catalog.model import Catalog
from gateway.domain.agreement import Agreement
from gateway.domain.compose_yaml import read_text, shown
from gateway.domain.grant_facts import grant_facts
from gateway.errors import ConfigurationError, FileErrors, FileProblem, IntegrityError

DRAFT = 0
"""The version of a file that is not stored yet."""

INHERITED = ("legal_basis", "purposes", "formats", "change_feed", "limits")
"""What a resource takes from its schedule where it says nothing itself."""

_SCHEDULE_DEPTH, _RESOURCE_DEPTH = 2, 4
_OWN_PLACE = 3
"""Places this deep are parts of a schedule; what the law says of a part that could not be read is not said."""


@dataclass(frozen=True)
class Law:
    """The rules that files are checked by: `ask` gives the answer of the policy's `agreement/check`, `modules` are the state-law
    modules that are switched on, `day` is today."""

    ask: Callable[[Mapping[str, object]], object]
    modules: tuple[str, ...]
    day: date


@dataclass(frozen=True)
class Checked:
    """A file and what is wrong with it. `lawful` is False where some part of it could not be read, so that the law was not
    applied to that part."""

    file: str
    agreements: tuple[Agreement, ...]
    problems: tuple[FileProblem, ...]
    lawful: bool = True

    def good(self) -> tuple[Agreement, ...]:
        """The file's agreements, one for each member of a template. Raises `FileErrors` when anything is wrong."""
        if self.problems or not self.agreements:
            raise FileErrors(self.problems)
        return self.agreements


class _Problem(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    rule: str
    citation: str
    title: str
    fix: str
    at: list[str | int]
    about: str


_ANSWER = TypeAdapter(list[_Problem])


def check_file(path: Path, catalog: Catalog, law: Law) -> Checked:
    """Everything that is wrong with a file; one that cannot be read at all has that as its problem.

    Raises `IntegrityError` when the policy's answer is not understood, `Unavailable` when there is none.
    """
    file = str(path)
    try:
        text = read_text(path, file)
    except FileErrors as why:
        return Checked(file, (), why.problems, lawful=False)
    except ConfigurationError as why:
        return Checked(file, (), (FileProblem(file, 1, 1, why.detail.rstrip("."), "name an agreement file"),), lawful=False)
    return check_source(text, file, catalog, law)


def check_source(text: str, file: str, catalog: Catalog, law: Law) -> Checked:
    """The same of a text; `file` is its name in messages."""
    try:
        readings = read_source(text, file, catalog)
    except FileErrors as why:
        return Checked(file, (), why.problems, lawful=False)
    judged = [replace(reading, problems=(*reading.problems, *_unlawful(reading, text, file, law))) for reading in readings]
    return Checked(
        file,
        tuple(reading.agreement for reading in readings if reading.agreement is not None),
        merged(judged),
        lawful=not any(reading.problems for reading in readings),
    )


def _unlawful(reading: Reading, text: str, file: str, law: Law) -> list[FileProblem]:
    """What the policy refuses, at the nearest places that the file has."""
    agreement = reading.agreement
    if agreement is None or not agreement.grants:
        return []
    entries = [{**grant_facts(agreement, DRAFT, grant), "place": list(grant.place)} for grant in agreement.grants]
    asked = {"modules": list(law.modules), "day": law.day.isoformat(), "entries": entries}
    try:
        answer = _ANSWER.validate_python(law.ask(asked))
    except ValidationError:
        raise IntegrityError("The policy's check of an agreement was not understood; build or install the bundle again.") from None
    found = []
    for problem in answer:
        place, part, depth = _stated(reading.root, problem.at)
        if depth >= _OWN_PLACE and any(_inside(other, part) for other in reading.problems):
            continue
        line, column = place.start_mark.line + 1, place.start_mark.column + 1
        what = f"{problem.title}: {problem.about}" if problem.about else problem.title
        # Which modules there are is the operator's choice, so the rule cannot name them.
        also = (
            f" (switched on here, by GATEWAY_STATE_MODULES: {', '.join(law.modules) or 'none'})"
            if problem.at[-1:] == ["module"]
            else ""
        )
        said = FileProblem(
            file, line, column, what, _clause(problem.fix) + also, shown(text, line, column), problem.rule, problem.citation
        )
        found.append(said)
    return found


def _stated(root: Node, at: Sequence[str | int]) -> tuple[Node, Node, int]:
    """Where the file says what a rule refuses: at the resource itself, else where the resource inherits it from."""
    for way, depth in _ways(list(at)):
        found = _nearest(root, way)
        if found[2] >= depth:
            return found
    return _nearest(root, at)


def _ways(at: list[str | int]) -> list[tuple[list[str | int], int]]:
    """The places that may state something of a resource, the nearest first, each with how deep the file must have it."""
    if len(at) <= _RESOURCE_DEPTH or at[_RESOURCE_DEPTH - 2] != "resources":
        return []
    schedule, resource, rest = at[:_SCHEDULE_DEPTH], at[:_RESOURCE_DEPTH], at[_RESOURCE_DEPTH:]
    ways = [(at, _RESOURCE_DEPTH + 1)]
    if rest[0] == "persons" and "legal_basis" in rest:
        own = rest.index("legal_basis")
        ways = [(at, _RESOURCE_DEPTH + own + 1)]
        rest = rest[own:]
        ways.append(([*resource, *rest], _RESOURCE_DEPTH + 1))
    if rest[0] in INHERITED:
        ways.append(([*schedule, *rest], _SCHEDULE_DEPTH + 1))
    if rest[0] == "elements":
        named = ways if len(rest) == 1 else [(at, len(at))]
        ways = [*named, ([*resource, "by_class"], _RESOURCE_DEPTH + 1)]
    return ways


def _nearest(root: Node, at: Sequence[str | int]) -> tuple[Node, Node, int]:
    """The node to point at and the part of the file that it names, as deep as the file goes; and how deep that is."""
    place, part, depth = root, root, 0
    for step in at:
        following = _step(part, step)
        if following is None:
            break
        (place, part), depth = following, depth + 1
    return place, part, depth


def _step(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        return node.value[step], node.value[step]
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if isinstance(key, ScalarNode) and key.value == str(step):
            return key, value
    return None


def _inside(problem: FileProblem, part: Node) -> bool:
    first, last = part.start_mark, part.end_mark
    return (first.line + 1, first.column + 1) <= (problem.line, problem.column) <= (last.line + 1, last.column + 1)


def _clause(fix: str) -> str:
    """A sentence of the policy as the clause that messages end with."""
    begins_a_word = fix[:1].isupper() and fix[1:2].islower()
    return (fix[:1].lower() + fix[1:] if begins_a_word else fix).rstrip(".")
