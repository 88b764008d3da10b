"""Explain, diff and redline: what a drafter reads, in every format, and what a new version is said to change."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import docx
import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from gateway.agreements.blocks import Grid, Heading, Paragraph
from gateway.agreements.diff import Change, diff, widens
from gateway.agreements.explain import explain
from gateway.agreements.read_agreement import read_agreement
from gateway.agreements.redline import REDLINES, Run, redline
from gateway.agreements.render import RENDERERS
from gateway.catalog.load import load_catalog
from gateway.cli.main import app
from gateway.domain.agreement import Agreement
from gateway.shipped import shipped

EXAMPLE = shipped("policies") / "agreements" / "lakeside-riverton.yaml"
CATALOG = load_catalog()
TEXT = EXAMPLE.read_text(encoding="utf-8")
CANDIDATES = "lakeside -> riverton, candidates, for placement"
Changed = Callable[..., Agreement]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """The example with some text replaced; every text must be there once."""

    def change(*replacements: tuple[str, str]) -> Agreement:
        text = TEXT
        for was, now in replacements:
            assert text.count(was) == 1, was
            text = text.replace(was, now)
        file = tmp_path / "new.yaml"
        file.write_text(text, encoding="utf-8")
        return read_agreement(file, CATALOG)

    return change


def _plain(content: bytes, form: str) -> str:
    if form == "pdf":
        text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    elif form == "docx":
        document = docx.Document(io.BytesIO(content))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        text = "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
    else:
        text = content.decode()
    return " ".join(text.replace("\\", "").split())


@pytest.mark.parametrize("form", RENDERERS)
def test_every_format_says_the_same(form: str) -> None:
    agreement = read_agreement(EXAMPLE, CATALOG)
    text = _plain(RENDERERS[form](explain(agreement, CATALOG)), form)
    for said in (
        "Placement of teacher candidates and staffing plans, 2026-27",
        "From Lakeside University to Riverton Unified School District (candidates-to-district)",
        "as a pseudonym that only this agreement uses",
        "only the last four characters",
        agreement.digest,
    ):
        assert said in text


def test_every_named_element_is_in_the_schedule_and_every_other_is_listed_as_withheld() -> None:
    agreement = read_agreement(EXAMPLE, CATALOG)
    blocks = explain(agreement, CATALOG)
    grids = [block for block in blocks if isinstance(block, Grid) and block.header[0] == "element"]
    withheld = [block.text for block in blocks if isinstance(block, Paragraph) and block.text.startswith("Withheld:")]
    assert len(grids) == len(withheld) == len(agreement.grants)
    for grant, grid, hidden in zip(agreement.grants, grids, withheld, strict=True):
        shown = {row[0] for row in grid.rows}
        everything = {element.path for element in CATALOG.resources[grant.resource].every_element()}
        assert shown | {path for path in everything if path in hidden} == everything
        assert "birthDate" not in shown


@pytest.mark.parametrize("form", ["md", "html"])
def test_what_a_partner_wrote_is_not_markup(form: str) -> None:
    document = RENDERERS[form]([Heading(1, "<script>alert(1)</script> [x](javascript:y)")]).decode()
    assert "<script>" not in document
    assert "[x](" not in document or form == "html"


@pytest.mark.parametrize("form", ["md", "html", "pdf"])
def test_the_same_agreement_gives_the_same_bytes(form: str) -> None:
    blocks = explain(read_agreement(EXAMPLE, CATALOG), CATALOG)
    assert RENDERERS[form](blocks) == RENDERERS[form](blocks)


def test_the_same_file_has_no_changes() -> None:
    agreement = read_agreement(EXAMPLE, CATALOG)
    assert diff(agreement, agreement) == ()


def test_wider_and_narrower_elements_are_told_apart(changed: Changed) -> None:
    new = changed(("lastSurname: share", "lastSurname: {mask: initial}"), ("middleName: {mask: initial}", "middleName: share"))
    found = diff(read_agreement(EXAMPLE, CATALOG), new)
    assert found == (
        Change("wider", CANDIDATES, "middleName is seen as it is instead of only the initial"),
        Change("narrower", CANDIDATES, "lastSurname is seen only the initial instead of as it is"),
    )
    assert widens(found)
    assert not widens(found[1:])


def test_a_longer_term_is_wider_and_a_shorter_one_is_not(changed: Changed) -> None:
    old, new = read_agreement(EXAMPLE, CATALOG), changed(("until: 2027-06-30", "until: 2027-07-31"))
    assert [change.direction for change in diff(old, new)] == ["wider"]
    assert [change.direction for change in diff(new, old)] == ["narrower"]


def test_a_new_row_condition_is_narrower_and_its_loss_is_wider(changed: Changed) -> None:
    rows = "      educatorPreparationPrograms:\n        rows: [{element: programName, equals: Physics}]\n        elements:"
    old, new = read_agreement(EXAMPLE, CATALOG), changed(("      educatorPreparationPrograms:\n        elements:", rows))
    assert [change.direction for change in diff(old, new)] == ["narrower"]
    assert [change.direction for change in diff(new, old)] == ["wider"]


def test_a_redline_marks_words_and_keeps_the_rest() -> None:
    before, after = (
        [Paragraph("ends on 30 June, both included"), Paragraph("same")],
        [Paragraph("ends on 31 July, both included"), Paragraph("same")],
    )
    assert redline(before, after) == (
        (Run("kept", "ends on"), Run("gone", "30 June,"), Run("new", "31 July,"), Run("kept", "both included")),
        (Run("kept", "same"),),
    )


@pytest.mark.parametrize("form", REDLINES)
def test_both_versions_can_be_read_out_of_a_redline(form: str) -> None:
    lines = redline([Paragraph("a b c"), Paragraph("gone entirely")], [Paragraph("a x c")])
    assert [" ".join(run.text for run in line if run.mark != "new") for line in lines if line[0].mark != "new"] == [
        "a b c",
        "gone entirely",
    ]
    assert [" ".join(run.text for run in line if run.mark != "gone") for line in lines if line[0].mark != "gone"] == ["a x c"]
    assert "gone entirely" in _plain(REDLINES[form]("t", lines), form)


def test_the_command_exits_with_2_where_anything_is_wider(tmp_path: Path, changed: Changed) -> None:
    changed(("middleName: {mask: initial}", "middleName: share"))
    new, run = str(tmp_path / "new.yaml"), CliRunner().invoke
    assert run(app, ["agreement", "diff", str(EXAMPLE), new]).exit_code == 2
    assert run(app, ["agreement", "diff", new, str(EXAMPLE)]).exit_code == 0
    marked = tmp_path / "redline.docx"
    assert run(app, ["agreement", "diff", new, str(EXAMPLE), "--redline", str(marked)]).exit_code == 0
    assert "only the initial" in _plain(marked.read_bytes(), "docx")


def test_a_document_that_is_no_text_needs_a_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["agreement", "explain", str(EXAMPLE), "--format", "pdf"])
    assert "--out FILE.pdf" in str(result.exception)
    out = tmp_path / "explained.pdf"
    assert CliRunner().invoke(app, ["agreement", "explain", str(EXAMPLE), "--format", "pdf", "--out", str(out)]).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")
