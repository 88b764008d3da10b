"""Write a first draft of an agreement from a template and somebody's answers, or from a schedule of elements that was ticked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template
from zoneinfo import available_timezones

from gateway.domain.agreement import SLUG
from gateway.errors import RequestError

HEADER = "# "
"""A template's first line says what it is for."""


@dataclass(frozen=True)
class Question:
    """One thing a template wants to know. `check` says what is wrong with an answer, or nothing."""

    name: str
    asks: str
    check: Callable[[str], str]
    bare: bool = False
    """The answer stands in the file as it is: ids and days. Everything else is quoted."""


def _text(answer: str) -> str:
    return "" if answer.strip() else "write something"


def _slug(answer: str) -> str:
    return "" if re.match(SLUG, answer) else "write small letters, digits and hyphens, as in lakeside-university"


def _day(answer: str) -> str:
    try:
        date.fromisoformat(answer)
    except ValueError:
        return "write a day as 2026-07-01"
    return "" if len(answer) == len("2026-07-01") else "write a day as 2026-07-01"


def _zone(answer: str) -> str:
    return "" if answer in available_timezones() else "write a time zone as America/Chicago"


def _number(answer: str) -> str:
    return "" if answer.isascii() and answer.isdigit() else "write the Ed-Fi id, digits only"


def _digest(answer: str) -> str:
    return "" if re.fullmatch(r"[0-9a-f]{64}", answer) else "write the 64 characters that sha256sum gives for the form's text"


QUESTIONS: tuple[Question, ...] = (
    Question("id", "Id of the agreement", _slug, bare=True),
    Question("title", "Title", _text),
    Question("timezone", "Time zone that its days are counted in", _zone, bare=True),
    Question("first_day", "First day", _day, bare=True),
    Question("last_day", "Last day", _day, bare=True),
    Question("program", "Short id of the preparation program's institution", _slug, bare=True),
    Question("program_name", "Its full name", _text),
    Question("program_contact", "Whom to write to there", _text),
    Question("program_organisation", "Its Ed-Fi id", _number, bare=True),
    Question("district", "Short id of the district", _slug, bare=True),
    Question("district_name", "Its full name", _text),
    Question("district_contact", "Whom to write to there", _text),
    Question("district_organisation", "Its Ed-Fi id", _number, bare=True),
    Question("researcher", "Short id of the research organisation", _slug, bare=True),
    Question("researcher_name", "Its full name", _text),
    Question("researcher_contact", "Whom to write to there", _text),
    Question("direct_control", "Which section says that the program controls the use of its records", _text),
    Question("personnel_citation", "Which law or board policy lets the district share personnel records", _text),
    Question("form", "Short id of the consent form", _slug, bare=True),
    Question("form_sha256", "SHA-256 of the form's text", _digest, bare=True),
    Question("study_scope", "What the study looks at", _text),
    Question("study_representative", "Who sees the records in the study", _text),
)
"""In the order in which they are asked; a template asks those whose names it uses."""

BY_NAME: Mapping[str, Question] = {question.name: question for question in QUESTIONS}


def templates(folder: Path) -> Mapping[str, str]:
    """What each shipped template is for, by its name."""
    return {file.stem: file.read_text(encoding="utf-8").splitlines()[0].removeprefix(HEADER) for file in _files(folder)}


def asked_by(folder: Path, template: str) -> tuple[Question, ...]:
    """The questions of a template. Raises `RequestError` for a template that there is not."""
    used = set(Template(_read(folder, template)).get_identifiers())
    return tuple(question for question in QUESTIONS if question.name in used)


def draft(folder: Path, template: str, answers: Mapping[str, str], resources: str = "") -> Mapping[str, str]:
    """The files of a draft by their names: the agreement and, where the template has them, its cases. `resources` is what
    stands under that word in the template for ticked schedules. Raises `RequestError` for an answer that is missing or does
    not fit."""
    wrong = [
        f"{question.name}: {problem}"
        for question in asked_by(folder, template)
        if (problem := question.check(answers.get(question.name, "")))
    ]
    if wrong:
        raise RequestError("; ".join(wrong))
    words = {
        name: text if BY_NAME[name].bare else json.dumps(text, ensure_ascii=False)
        for name, text in answers.items()
        if name in BY_NAME
    }
    agreement = f"{answers['id']}.yaml"
    texts = {agreement: _read(folder, template)}
    cases = folder / f"{template}.cases.yaml"
    if cases.exists():
        texts[f"{answers['id']}.cases.yaml"] = cases.read_text(encoding="utf-8")
    return {name: Template(text).substitute(words, file=agreement, resources=resources) for name, text in texts.items()}


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.yaml") if not file.name.endswith(".cases.yaml"))


def _read(folder: Path, template: str) -> str:
    if template not in {file.stem for file in _files(folder)}:
        raise RequestError(f"There is no template {template}; there are {', '.join(templates(folder))}.")
    return (folder / f"{template}.yaml").read_text(encoding="utf-8")
