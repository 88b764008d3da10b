"""Read a YAML file into nodes that know their places; what is hostile or not YAML is refused in plain words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent
from ruamel.yaml.nodes import Node

from gateway.errors import ConfigurationError, FileErrors, FileProblem

LARGEST_FILE = 128 * 1024
"""Bytes; the largest agreement that the catalog allows for is a third of this."""

DEEPEST = 30
MOST_NODES = 10_000
"""Names, values and lists in one file: what is short but dense takes the parser's time too."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHOWN = 60
_SAYINGS: tuple[tuple[str, str, str], ...] = (
    (r"character '\\t'", "a tab stands here", "indent with spaces"),
    (r"character '([@`%])'", "a text begins with {0}", 'put it in double quotes, as in "{0}home"'),
    (
        "mapping values are not allowed",
        "a colon stands where YAML takes none",
        'put a text that holds ": " in double quotes, or line this up with the members above it',
    ),
    (
        "while scanning a quoted scalar|found unexpected end of stream",
        "a quotation mark is never closed",
        "close it with the same mark",
    ),
    (
        "while scanning a double-quoted scalar",
        "a backslash stands in double quotes",
        "use single quotes for a text with a backslash",
    ),
    (
        "while parsing a flow (sequence|mapping|node)",
        "a bracket is not closed, or a comma is missing",
        "write [a, b] or {{a: 1, b: 2}}",
    ),
    ("while scanning an? (alias|anchor)", "a text begins with * or &", "put it in double quotes"),
    ("expected a single document", "a second document begins", "remove the line ---; a file holds one document"),
    (
        "but found '<scalar>'",
        "a text goes on after its closing quotation mark",
        "put a text that holds an apostrophe or quotes in the other kind of quotes",
    ),
    (
        "while parsing a block (collection|mapping)",
        "this does not line up with what stands above it",
        "indent it like the members beside it",
    ),
    ("could not find expected ':'", "a colon is missing after a name", "write name: value"),
)


class _Refused(MarkedYAMLError):
    """Something that YAML allows and these files do not; `note` is what to do."""


class _PlainComposer(Composer):
    """Nodes without anchors, aliases and tags, and not too deep: what cannot be repeated cannot explode."""

    def __init__(self, loader: YAML | None = None) -> None:
        super().__init__(loader=loader)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: Node | None, index: object) -> Node:
        event = cast(NodeEvent, self.parser.peek_event())
        if isinstance(event, AliasEvent) or event.anchor is not None:
            self._refuse(event, "anchors (&name) and aliases (*name) are not used here", "write the text out where it is meant")
        if getattr(event, "tag", None) is not None:
            self._refuse(
                event, "tags (!name) are not used here", "remove the tag; a text that looks like a number goes into quotes"
            )
        if self._depth >= DEEPEST:
            self._refuse(event, f"this is nested more than {DEEPEST} deep", "close a bracket, or check the indentation")
        if self._nodes >= MOST_NODES:
            self._refuse(event, f"the file holds more than {MOST_NODES} values", "split it, or check that it is the right file")
        self._nodes += 1
        self._depth += 1
        node: Node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refuse(self, event: NodeEvent, problem: str, fix: str) -> None:
        raise _Refused(problem=problem, problem_mark=event.start_mark, note=fix)


def compose(path: Path, file: str) -> Node:
    """The root node of a file; `file` is its name in messages.

    Raises `ConfigurationError` when it cannot be opened, `FileErrors` with the place when it is not YAML or not plain.
    """
    return compose_text(read_text(path, file), file)


def read_text(path: Path, file: str) -> str:
    """The text of a file in UTF-8, without a byte order mark. Raises as `compose` does."""
    if path.is_dir():
        raise ConfigurationError(f"{file} is a folder, not a file.")
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except OSError as why:
        raise ConfigurationError(f"{file} cannot be read: {why.strerror}.") from why
    if len(content) > LARGEST_FILE:
        message = f"the file is larger than {LARGEST_FILE // 1024} KB, which no file of this kind needs"
        raise FileErrors((FileProblem(file, 1, 1, message, "split it, or check that it is the right file"),))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        before = content[: why.start].decode("utf-8-sig", errors="replace")
        raise FileErrors((_at(before, file, "the file is not UTF-8", "save it as UTF-8 (plain text)"),)) from why


def compose_text(text: str, file: str) -> Node:
    """The root node of a text. Raises `FileErrors`."""
    strange = _FORBIDDEN.search(text)
    if strange:
        message = f"the character U+{ord(strange.group()):04X} cannot stand in a text file"
        raise FileErrors((_at(text[: strange.start()], file, message, "delete it; the file may be damaged"),))
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _PlainComposer
    try:
        root: Node | None = yaml.compose(text)
    except _Refused as why:
        raise FileErrors((_marked(text, file, why.problem_mark, why.problem, why.note),)) from why
    except MarkedYAMLError as why:
        raise FileErrors((_marked(text, file, _place(why), *_plain(why, text)),)) from why
    except YAMLError as why:
        raise FileErrors((FileProblem(file, 1, 1, "the file is not YAML", "check that it is the right file"),)) from why
    if root is None:
        raise FileErrors((FileProblem(file, 1, 1, "the file is empty", "begin it with version: 1"),))
    return root


def shown(text: str, line: int, column: int) -> str:
    """What stands at a 1-based place, to the end of its line and at most 60 characters."""
    lines = text.split("\n")
    return lines[line - 1][column - 1 :][:_SHOWN].strip() if line <= len(lines) else ""


def _plain(why: MarkedYAMLError, text: str) -> tuple[str, str]:
    """A parser's complaint in the words of somebody who does not know the parser."""
    line = text.split("\n")[why.problem_mark.line] if why.problem_mark else ""
    told = f"{why.context or ''} {why.problem or ''}"
    if "${" in line and "flow" in told:
        return "a parameter stands in brackets without quotes", 'put it in double quotes, as in ["${district}"]'
    for pattern, message, fix in _SAYINGS:
        found = re.search(pattern, told)
        if found:
            return "not YAML: " + message.format(*found.groups()), fix.format(*found.groups())
    return f"not YAML: {why.problem}", "compare the line with an example"


def _place(why: MarkedYAMLError) -> StringMark | None:
    """Where the mistake is: what is never closed is told where it was opened, not at the end of the file."""
    unclosed = "stream" in (why.problem or "") and why.context_mark is not None
    place: StringMark | None = why.context_mark if unclosed else why.problem_mark or why.context_mark
    return place


def _marked(text: str, file: str, mark: StringMark | None, message: str, fix: str) -> FileProblem:
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return FileProblem(file, line, column, message, fix, shown(text, line, column))


def _at(before: str, file: str, message: str, fix: str) -> FileProblem:
    """A problem at the end of what stands before it."""
    line = before.count("\n") + 1
    return FileProblem(file, line, len(before) - (before.rfind("\n") + 1) + 1, message, fix)
