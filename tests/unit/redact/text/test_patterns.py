"""What a shape gives away, and what only looks like it."""

from __future__ import annotations

import time

import pytest

from gateway.redact.text.fold import fold
from gateway.redact.text.patterns import patterned

TELLING = {
    "e-mail": ["a.ruiz@lakeside.example", "a.ruiz @ lakeside.edu", "ruiz at lakeside dot edu", "ruiz [at] lakeside [dot] edu"],
    "link": [
        "https://example.org/ana?x=1",
        "www.example.org",
        "example.edu/~ana",
        "@ana_r",
        "insta: ana_r",
        "my instagram is ana.r",
    ],
    "phone": ["312-555-0147", "(312) 555-0147", "312.555.0147", "+1 312 555 0147", "3125550147", "555-0147", "+44 20 7946 0958"],
    "address": [
        "12 Elm Street",
        "12 Elm St., Apt. 4B",
        "1600 N. Lake Shore Drive",
        "PO Box 12",
        "P.O. Box 12",
        "apt 12",
        "IL 60614",
    ],
    "date": [
        "3/14/1999",
        "1999-03-14",
        "March 14, 1999",
        "14 March 1999",
        "born in 1999",
        "birthday is March 14",
        "dob: 03/14",
    ],
    "number": [
        "123-45-6789",
        "123456789",
        "xxx-xx-6789",
        "SSN ends in 6789",
        "C-104",
        "U0012345",
        "student id 1044",
        "# 1044",
        "a1b2c3",
    ],
}
HARMLESS = """
    I taught 25 students in room 204.
    In 2025-26 and in 2025/2026 it was better.
    The 12th grade, 5th period, 45min a day, at 10:30 am, 90s music.
    We scored 85% on 3 of 4 units; it cost $1,200 or 1,250.75.
    2 of my 3 observations were on the road.
    Grades K-12 and pre-K, Title 1, Chapter 7, page 112.
    I look at home for ideas. It took 20 minutes and 2 days.
""".strip().splitlines()


@pytest.mark.parametrize(("shape", "text"), [(shape, text) for shape, texts in TELLING.items() for text in texts])
def test_a_shape_is_found_whole(shape: str, text: str) -> None:
    folded = fold(f"well {text} yes").text
    spans = [(start, end) for start, end, _ in patterned(folded)]
    assert min(start for start, _ in spans) <= len("well ") + _lead(text)
    assert max(end for _, end in spans) == len("well ") + len(text)
    assert shape in {found for _, _, found in patterned(folded)}


def _lead(text: str) -> int:
    """Words before the value may be left: `SSN ends in`."""
    return max(0, len(text) - len(text.split(" ", 1)[-1])) if text.startswith(("my ", "student")) else 0


@pytest.mark.parametrize("text", HARMLESS, ids=range(len(HARMLESS)))
def test_what_everybody_writes_is_left(text: str) -> None:
    assert list(patterned(fold(text.strip()).text)) == []


@pytest.mark.parametrize(
    "text",
    ["1" * 2048, "a." * 1024, "a@" * 1024, "1 a " * 512, "at " * 700, "(" * 2048, "12 elm " * 300, "birth " * 340, "1-" * 1024],
    ids=range(9),
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    list(patterned(text))
    assert time.process_time() - begun < 1
