"""Walk a YAML file's nodes and note every mistake at its line and column, instead of stopping at the first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.domain.compose_yaml import shown
from gateway.errors import FileProblem

MOST_PROBLEMS = 500
"""Nobody reads more at once, and a hostile file shall not make the program compare names without end."""

_NULL = "tag:yaml.org,2002:null"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_SHOWN = 60
_FEW = 14
_LONG_WORD = 4


@dataclass(frozen=True)
class Entry:
    """One `key: value` of a mapping; `key` for messages about the name, `value` for those about what it says."""

    name: str
    key: Node
    value: Node


@dataclass
class NodeReader:
    """Reads expected shapes out of nodes. What does not fit is noted in `problems` and comes back empty; `source` is the
    file's text, where problems shall quote it; `examples` show how members are written, by name."""

    file: str
    problems: list[FileProblem] = field(default_factory=list)
    source: str = ""
    examples: Mapping[str, str] = field(default_factory=dict)

    def problem(self, node: Node, message: str, fix: str = "", rule: str = "", citation: str = "") -> None:
        """Note a mistake. `fix` is a clause that says what to write, `rule` and `citation` those of a rule that it breaks."""
        if len(self.problems) >= MOST_PROBLEMS:
            return
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        plain = isinstance(node, ScalarNode) and node.value
        text = str(node.value).partition("\n")[0][:_SHOWN] if plain else shown(self.source, line, column)
        self.problems.append(FileProblem(self.file, line, column, message, fix, text, rule, citation))

    def suggestion(self, word: str, options: Iterable[str]) -> str:
        """`did you mean "x"?` when a valid name is close, else nothing."""
        if len(self.problems) >= MOST_PROBLEMS:
            return ""
        return nearest(word, options).removeprefix("; ")

    def entries(
        self, node: Node, what: str, allowed: Collection[str] | None = None, required: Iterable[str] = ()
    ) -> Mapping[str, Entry]:
        """A mapping's entries by name. `allowed` None takes any name; a name twice or missing is a problem."""
        if not isinstance(node, MappingNode):
            self.problem(node, f"{what} must be a mapping (name: value)", self._mapping_fix(what, allowed, required))
            return {}
        found: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.problem(key, f"a name in {what} must be plain text", "write name: value")
            elif key.value in found:
                self.problem(key, f'"{key.value}" stands twice in {what}', "keep one of them")
            elif allowed is not None and key.value not in allowed:
                fix = self.suggestion(key.value, allowed) or f"what may stand here: {_listed(allowed)}"
                self.problem(key, f'"{key.value}" is not a member of {what}', fix)
            else:
                found[key.value] = Entry(key.value, key, _in_place(key, value))
        for name in required:
            if name not in found:
                self.problem(node, f'{what} lacks "{name}"', f"add {self.examples.get(name, f'{name}:')}")
        return found

    def _mapping_fix(self, what: str, allowed: Collection[str] | None, required: Iterable[str]) -> str:
        names = list(required) or list(allowed or ())
        if what in self.examples:
            return f"write {self.examples[what]}"
        if not names:
            return "write name: value, one a line"
        return f"write {', '.join(self.examples.get(name, f'{name}: ..') for name in names[:3])} under it"

    def text(self, node: Node, what: str) -> str | None:
        """A scalar as it is written; a number or a date stays text."""
        if not isinstance(node, ScalarNode) or node.tag == _NULL:
            self.problem(node, f"{what} must be a text", f"write {what}: and the text behind it")
            return None
        return str(node.value)

    def words(self, node: Node, what: str) -> str | None:
        """A text that says something."""
        text = self.text(node, what)
        if text is not None and not text.strip():
            self.problem(node, f"{what} is empty", f"say it in words, or leave {what} out")
            return None
        return text

    def choice(self, node: Node, what: str, options: Collection[str], hint: str = "write one of these") -> str | None:
        """One of a few words; `hint` is what to do when none is near."""
        text = self.text(node, what)
        if text is not None and text not in options:
            listed = ", ".join(sorted(options))
            self.problem(node, f'"{text}" is not a {what}: {listed}', self.suggestion(text, options) or hint)
            return None
        return text

    def choice_of_many(self, node: Node, what: str, options: Collection[str], hint: str = "") -> str | None:
        """Like `choice`, where the options are too many to list; `hint` is what to do when none is near."""
        text = self.text(node, what)
        if text is not None and text not in options:
            self.problem(node, f'"{text}" is not a {what}', self.suggestion(text, options) or hint)
            return None
        return text

    def whole(self, node: Node, what: str, low: int, high: int) -> int | None:
        text = self.text(node, what)
        if text is None:
            return None
        digits = text.isascii() and text.isdigit()
        if digits and len(text) <= len(str(high)) and low <= int(text) <= high:
            return int(text)
        fix = f"write digits only, as in {max(low, min(high, 10))}"
        if digits:
            small = len(text) <= len(str(low)) and int(text) < low
            fix = f"write {low} or more" if small else f"write {high} or less"
        self.problem(node, f'"{text[:_SHOWN]}" is not a whole number from {low} to {high}, as {what} must be', fix)
        return None

    def flag(self, node: Node, what: str) -> bool | None:
        """True or false."""
        text = self.text(node, what)
        if text is not None and text not in {"true", "false"}:
            meant = "true" if text.casefold() in {"yes", "y", "on", "true", "1"} else "false"
            self.problem(node, f'"{text}" is neither true nor false, as {what} must be', f"write {meant}")
            return None
        return None if text is None else text == "true"

    def day(self, node: Node, what: str) -> date | None:
        """A day as in 2026-07-01."""
        text = self.text(node, what)
        if text is None:
            return None
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            self.problem(node, f'"{text}" is no day of the calendar, as {what} must be', "check month and day")
            return None
        american = _AMERICAN.fullmatch(text)
        example = f"{american[3]}-{int(american[1]):02}-{int(american[2]):02}" if american else "2026-07-01"
        self.problem(node, f'"{text}" is not a day, as {what} must be', f"write year-month-day, as in {example}")
        return None

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The members of a list; a single text is a list of one."""
        if isinstance(node, SequenceNode):
            return tuple(node.value)
        if isinstance(node, ScalarNode) and node.tag != _NULL:
            return (node,)
        self.problem(node, f"{what} must be a list", "write [a, b], or one line for each beginning with a hyphen")
        return ()

    def texts(self, node: Node, what: str) -> tuple[str, ...]:
        """A list of texts, one or more."""
        found = tuple(text for text in (self.words(item, what) for item in self.items(node, what)) if text)
        if not found and isinstance(node, SequenceNode) and not node.value:
            self.problem(node, f"{what} is an empty list", f"name one or more, or leave {what} out")
        return found


def nearest(word: str, options: Iterable[str]) -> str:
    """`; did you mean "x"?` when a valid name is close, else nothing. Case, and words within a longer name, count as close."""
    names = sorted(options)
    folded = {name.casefold(): name for name in names}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{folded[close[0]]}"?'
    inside = [name for fold, name in folded.items() if len(word) >= _LONG_WORD and word.casefold() in fold.split(".")[-1]]
    return f'; did you mean "{min(inside, key=len)}"?' if inside else ""


def _listed(names: Collection[str]) -> str:
    few = list(names)[:_FEW]
    return ", ".join(few) + (", ..." if len(names) > _FEW else "")


def _in_place(key: Node, value: Node) -> Node:
    """A value that is missing stands at its name, not at the line that happens to follow."""
    missing = isinstance(value, ScalarNode) and not value.value and value.style is None
    return ScalarNode(value.tag, "", start_mark=key.start_mark, end_mark=key.end_mark) if missing else value
