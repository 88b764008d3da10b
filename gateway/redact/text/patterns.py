"""Patterns: what has the shape of a number, an address or a way to reach somebody, whoever it belongs to.

Searched in folded text, which has small letters only. Each expression takes a time that grows with the text's length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from gateway.redact.text.known import STREETS

Shape = Literal["e-mail", "link", "phone", "address", "date", "number"]

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_NO_STREETS = {"north", "south", "east", "west", "n", "s", "e", "w", "apartment", "apt", "suite", "ste"}
_MORE_STREETS = {"way", "loop", "row", "path", "plaza", "pike", "alley", "crossing", "cove", "broadway"}
_STREET = "|".join(sorted({*STREETS, *STREETS.values(), *_MORE_STREETS} - _NO_STREETS, key=len, reverse=True))
_IN_A_STREETS_NAME = (
    r"(?!(?:the|a|an|of|on|in|to|for|and|or|my|our|her|his|their|at|by|is|was|were|are|with|from|per|more|other|new"
    r"|each|every|half|this|that|whole|minutes?|hours?|miles?|days?|weeks?|months?|years?|students|kids|people)\b)"
    r"[a-z0-9'.]{1,30}"
)
_UNIT = r"(?:apt|apartment|unit|suite|ste)"
_ENDING = "(?:com|org|net|edu|gov|io|co|us|info|me|app|school|academy|k12|uk|ca)"
_SITES = "instagram|insta|ig|snapchat|snap|tiktok|twitter|facebook|fb|discord|telegram|whatsapp|skype|venmo|linkedin|youtube"
_SITE = f"(?:{_SITES})"
_ITS = r"(?: (?:handle|name|user|username|account|id))"
_DOT = r" ?[(\[{]? ?(?:\bdot\b|\.) ?[)\]}]? ?"
_COUNTED = r"(?:st|nd|rd|th|s|am|pm|mins?|minutes?|hrs?|hours?|days?|weeks?|k|yrs?|x|ish|percent|pts?)"
_NUMBERED = r"(?:id|number|no|badge|employee|student|license|licence|permit|case|account|acct|pin)"

_EXPRESSIONS: tuple[tuple[Shape, str], ...] = (
    ("e-mail", r"[\w.+'-]{1,64} ?@ ?[\w-]{1,63}(?:\.[\w-]{1,63})+"),
    ("e-mail", rf"\b[\w.+-]{{1,64}} ?[(\[{{]? ?\bat\b ?[)\]}}]? ?[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,3}}{_DOT}{_ENDING}\b"),
    ("link", r"(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)]"),
    ("link", rf"\b(?:[a-z0-9-]{{1,63}}\.){{1,4}}{_ENDING}\b(?:/[^\s<>\"]*[^\s<>\".,;:!?)])?"),
    ("link", r"(?<![\w@.])@\w[\w.]{0,62}\w"),
    ("link", rf"\b{_SITE}(?: is| at)?{_ITS}{{0,3}} ?[:=@-] ?@?\w[\w.]{{0,62}}\w"),
    ("link", rf"\b{_SITE}{_ITS}{{0,2}} is @?\w[\w.]{{0,62}}\w"),
    # Social security numbers, whole or with a part crossed out.
    ("number", r"(?<![\d-])\d{3}[-. ]?\d{2}[-. ]?\d{4}(?![\d-])"),
    ("number", r"\b(?:ssn|social security|social)\b[^.\n]{0,40}?\d{4}(?!\d)"),
    ("number", r"(?<!\w)[x*#]{3}[-. ]?[x*#]{2}[-. ]?\d{4}(?!\d)"),
    (
        "phone",
        r"(?<![\w.])(?:\+?1[-. ]{0,2})?\(?\d{3}\)?[-. /]{0,3}\d{3}[-. ]{0,3}\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?!\d)",
    ),
    ("phone", r"(?<![\w.-])\d{3}[-. ]\d{4}(?![\w-])"),
    ("phone", r"\+\d(?:[-. ()]{0,2}\d){6,14}"),
    ("phone", r"\b(?:call|text|phone|cell|mobile|tel|fax|reach me|contact)\b[^.\n\d]{0,30}\d(?:[-. ()/]{0,2}\d){6,14}"),
    (
        "address",
        rf"(?<![\w.])\d{{1,6}}[a-z]?(?:-\d{{1,5}})?,? (?:{_IN_A_STREETS_NAME} ){{1,4}}(?:{_STREET})\b\.?"
        rf"(?:,? ?(?:{_UNIT}|#)\.? ?#? ?\w{{1,6}})?",
    ),
    ("address", r"\bp\.? ?o\.? ?box ?#?\d+"),
    ("address", rf"\b{_UNIT}\.? ?#? ?\d{{1,5}}[a-z]?\b"),
    ("address", r"\b[a-z]{2},? \d{5}(?:-\d{4})?\b"),
    ("date", r"(?<![\w/.-])\d{1,2}([/.-])\d{1,2}\1\d{2}(?:\d{2})?(?![\w/-])"),
    ("date", r"(?<!\w)\d{4}([/.-])\d{1,2}\1\d{1,2}(?!\w)"),
    ("date", rf"\b{_MONTH}\.? {_DAY},? (?:of )?(?:in )?\d{{4}}\b"),
    ("date", rf"\b{_DAY}(?: of)? {_MONTH}\.?,? \d{{4}}\b"),
    # Near a birth, a part of a date is enough.
    (
        "date",
        r"\b(?:born|birthday|birth ?date|birth|dob|d\.o\.b|b-?day)\b[^.\n]{0,25}?"
        rf"(?:{_MONTH}\.? \d{{1,4}}(?:st|nd|rd|th)?(?:,? \d{{4}})?|{_DAY}(?: of)? {_MONTH}\b"
        r"|\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?|\d{4})",
    ),
    ("number", rf"\b{_NUMBERED}(?: (?:id|number|no))?(?: is| was|:|\.)? ?#? ?[a-z]{{0,3}}-?\d{{3,}}\b"),
    ("number", r"#\s?[a-z]{0,3}-?\d{2,}\b"),
    ("number", r"\b[a-z]{1,4}-?\d{3,}[a-z]{0,2}\b"),
    ("number", rf"\b(?!\d+{_COUNTED}\b)(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{{5,}}\b"),
    ("number", r"(?<![\w.,])\d{5,}(?![\w,])"),
    ("number", r"(?<![\w.,$])\d(?:[ -]?\d){7,}(?!\w)"),
)
_SHAPES: tuple[tuple[Shape, re.Pattern[str]], ...] = tuple((shape, re.compile(written)) for shape, written in _EXPRESSIONS)
_MAY_HOLD = re.compile(rf"[\d@]|://|www|\bdot\b|\.{_ENDING}\b|\b{_SITE}\b")
"""What every shape has somewhere; most texts have none of it."""
_YEARS = re.compile(r"\b(?:19|20)\d\d ?[-/] ?(?:19|20)?\d\d\b")
"""A school year has the shape of a phone number."""


def patterned(text: str) -> Iterator[tuple[int, int, Shape]]:
    """Start, end and shape of everything that tells something by its shape; spans may overlap."""
    if not _MAY_HOLD.search(text):
        return
    years = {found.span() for found in _YEARS.finditer(text)}
    for shape, expression in _SHAPES:
        for found in expression.finditer(text):
            if found.span() not in years:
                yield *found.span(), shape
