"""Walk a YAML file's nodes and note every mistake at its line and column, instead of stopping at the first."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from gateway.errors import ConfigurationError, FileErrors, FileProblem

_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Entry:
    """One `key: value` of a mapping; `key` for messages about the name, `value` for those about what it says."""

    name: str
    key: Node
    value: Node


@dataclass
class NodeReader:
    """Reads expected shapes out of nodes. What does not fit is noted in `problems` and comes back empty."""

    file: str
    problems: list[FileProblem] = field(default_factory=list)

    def problem(self, node: Node, message: str) -> None:
        mark = node.start_mark
        self.problems.append(FileProblem(self.file, mark.line + 1, mark.column + 1, message))

    def entries(
        self, node: Node, what: str, allowed: Collection[str] | None = None, required: Iterable[str] = ()
    ) -> Mapping[str, Entry]:
        """A mapping's entries by name. `allowed` None takes any name; a name twice or missing is a problem."""
        if not isinstance(node, MappingNode):
            self.problem(node, f"{what} must be a mapping")
            return {}
        found: dict[str, Entry] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self.problem(key, f"a name in {what} must be plain text")
            elif key.value in found:
                self.problem(key, f'"{key.value}" stands twice in {what}')
            elif allowed is not None and key.value not in allowed:
                self.problem(key, f'"{key.value}" is not a member of {what}{nearest(key.value, allowed)}')
            else:
                found[key.value] = Entry(key.value, key, value)
        for name in required:
            if name not in found:
                self.problem(node, f'{what} lacks "{name}"')
        return found

    def text(self, node: Node, what: str) -> str | None:
        """A scalar as it is written; a number or a date stays text."""
        if not isinstance(node, ScalarNode) or node.tag == _NULL:
            self.problem(node, f"{what} must be a text")
            return None
        return str(node.value)

    def choice(self, node: Node, what: str, options: Collection[str]) -> str | None:
        text = self.text(node, what)
        if text is not None and text not in options:
            self.problem(node, f'"{text}" is not a {what}: {", ".join(sorted(options))}{nearest(text, options)}')
            return None
        return text

    def choice_of_many(self, node: Node, what: str, options: Collection[str]) -> str | None:
        """Like `choice`, where the options are too many to list."""
        text = self.text(node, what)
        if text is not None and text not in options:
            self.problem(node, f'"{text}" is not a {what}{nearest(text, options)}')
            return None
        return text

    def whole(self, node: Node, what: str, low: int, high: int) -> int | None:
        text = self.text(node, what)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            self.problem(node, f'"{text}" is not a whole number from {low} to {high}, as {what} must be')
            return None
        return int(text)

    def items(self, node: Node, what: str) -> tuple[Node, ...]:
        """The members of a list; a single text is a list of one."""
        if isinstance(node, SequenceNode):
            return tuple(node.value)
        if isinstance(node, ScalarNode) and node.tag != _NULL:
            return (node,)
        self.problem(node, f"{what} must be a list")
        return ()


def nearest(word: str, options: Iterable[str]) -> str:
    """`; did you mean "x"?` when a valid name is close, else nothing."""
    close = difflib.get_close_matches(word, sorted(options), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def compose(path: Path, file: str) -> Node:
    """The file's root node.

    Raises ConfigurationError when it cannot be opened, FileErrors with the place when it is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as why:
        raise FileErrors((FileProblem(file, 1, 1, "the file is not UTF-8"),)) from why
    except OSError as why:
        raise ConfigurationError(f"{file} cannot be read: {why.strerror}") from why
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as why:
        mark = why.problem_mark or why.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise FileErrors((FileProblem(file, line, column, f"not YAML: {why.problem}"),)) from why
    except YAMLError as why:
        raise FileErrors((FileProblem(file, 1, 1, "not YAML: a character that YAML does not allow"),)) from why
    if root is None:
        raise FileErrors((FileProblem(file, 1, 1, "the file is empty"),))
    return root
