"""A schedule of elements as a spreadsheet: written blank to be ticked, and read back; what is not known is told, never guessed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from gateway.agreements.explain import CLASSES
from gateway.catalog.model import Catalog, Resource
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.yaml_nodes import nearest
from gateway.errors import FileErrors, FileProblem

HEADINGS = ("resource", "element", "what it is", "kind", "share")
TICKS = frozenset({"x", "✓", "✔", "☑", "yes", "y", "true", "1", "share"})
BLANKS = frozenset({"", "no", "n", "false", "0", "withhold"})
WORDS = frozenset({"pseudonymise", "aggregate_only"})
MOST_ROWS = 20_000


@dataclass(frozen=True)
class Ticked:
    """One element that somebody ticked: `treatment` as an agreement file writes it."""

    resource: ResourceName
    element: ElementPath
    treatment: str


def blank_exhibit(resources: Iterable[Resource]) -> bytes:
    """A workbook with a row for each element that can be shared, to be ticked in its last column."""
    book = Workbook()
    sheet = book.create_sheet("Schedule of data elements", 0)
    book.remove(book.worksheets[1])
    sheet.append(HEADINGS)
    for resource in resources:
        for element in resource.every_element():
            if element.sensitivity != "prohibited":
                sheet.append((resource.name, element.path, element.description, CLASSES[element.sensitivity], ""))
    sheet.freeze_panes = "A2"
    for column, width in zip("ABCDE", (28, 44, 70, 26, 14), strict=True):
        sheet.column_dimensions[column].width = width
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read_exhibit(path: Path, catalog: Catalog) -> tuple[tuple[Ticked, ...], tuple[FileProblem, ...]]:
    """What was ticked, and each row that cannot be taken over, at its row and column. Raises `FileErrors` for a file that is no
    schedule at all."""
    rows = _rows(path)
    header = [_text(cell).lower() for cell in rows[0]] if rows else []
    if not {"resource", "element", "share"} <= set(header):
        raise FileErrors((FileProblem(str(path), 1, 1, 'the first row must name the columns "resource", "element" and "share"'),))
    at = {name: header.index(name) for name in ("resource", "element", "share")}
    ticked: list[Ticked] = []
    problems: list[FileProblem] = []
    for number, row in enumerate(rows[1:], start=2):
        resource, element, share = (
            _text(row[at[name]]) if at[name] < len(row) else "" for name in ("resource", "element", "share")
        )
        if share.lower() in BLANKS:
            continue
        problem = _problem(resource, element, share, catalog)
        if problem is None:
            word = "share" if share.lower() in TICKS else share.lower()
            ticked.append(Ticked(ResourceName(resource), ElementPath(element), word))
        else:
            column, message = problem
            problems.append(FileProblem(str(path), number, at[column] + 1, message))
    return tuple(ticked), tuple(problems)


def as_resources(ticked: Iterable[Ticked]) -> str:
    """The `resources:` of a schedule, as YAML in one line a resource: JSON is YAML."""
    by_resource: dict[str, dict[str, str]] = {}
    for one in ticked:
        by_resource.setdefault(one.resource, {})[one.element] = one.treatment
    return "".join(f"\n      {name}: {json.dumps({'elements': elements})}" for name, elements in by_resource.items())


def _problem(resource: str, element: str, share: str, catalog: Catalog) -> tuple[str, str] | None:
    known = catalog.resource(resource)
    if known is None:
        return "resource", f'"{resource}" is not a resource{nearest(resource, catalog.resources)}'
    if known.element(element) is None:
        return "element", f'"{element}" is not an element of {resource}{nearest(element, [e.path for e in known.every_element()])}'
    if share.lower() not in TICKS | WORDS:
        return "share", f'"{share}" is no tick; write x, or one of {", ".join(sorted(WORDS))}'
    return None


def _rows(path: Path) -> Sequence[Sequence[object]]:
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (OSError, zipfile.BadZipFile, InvalidFileException, KeyError, ValueError) as why:
        raise FileErrors((FileProblem(str(path), 1, 1, "this is not an Excel workbook (.xlsx)"),)) from why
    try:
        return [row for _, row in zip(range(MOST_ROWS), book.worksheets[0].iter_rows(values_only=True), strict=False)]
    finally:
        book.close()


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()
