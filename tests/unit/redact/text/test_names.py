"""Names that nobody knows: taken out where they are told from words, and the text withheld where they are not."""

from __future__ import annotations

import pytest

from tests.unit.redact.text.conftest import Redact

TAKEN_OUT = {
    "a word that is no English": ("I learned from Nkechi every day.", "I learned from [name] every day."),
    "it begins a sentence": ("Nkechi was there every day.", "[name] was there every day."),
    "a family name that is a word": ("I learned from Coach Baker every day.", "I learned from [name] every day."),
    "a title before a word": ("I learned from Dr. Stone every day.", "I learned from [name] every day."),
    "a name that is a word, with a capital": ("I learned from Joy every day.", "I learned from [name] every day."),
    "in small letters, on the list": ("I learned from rosalinda every day.", "I learned from [name] every day."),
    "in capitals": ("We learned from NKECHI every day.", "We learned from [name] every day."),
    "it says so": ("Hello, my name is sunny and I liked it.", "Hello, my name is [name] and I liked it."),
    "a town": ("We met in Winnetka every day.", "We met in [name] every day."),
}
UNSURE = {
    "in small letters, on no list": "i learned a lot from nkechi every day",
    "a word behind a role, before a verb": "my mentor joy was there every day and it helped",
    "another script": "I learned a lot from 老师 every day.",
    "Arabic": "I learned a lot from محمد every day.",
    "letters one by one": "I learned a lot from J o h n every day.",
    "a star in it": "I learned a lot from j*hnx every day.",
    "another language": "Mi maestra fue muy buena conmigo y aprendí mucho de ella.",
    "a name that is a word begins a sentence": "Joy was there every day and it helped me.",
    "mostly names": "Nkechi, Thandiwe, Oluwaseun and Kwabena.",
    "capitals that mean nothing, and a name that is known": "grace helped me with all of the plans",
}
LEFT = [
    "The edTPA and the IEP meetings in Fall 2026 were hard, and so was the Praxis.",
    "Student Teaching was the best part of the Program; English and Spanish were taught on Mondays.",
    "i wish there was more time to plan and to practice, lol",
    "I recieved good feedback, definately more than before.",
    "Hope this helps! Will you offer it again? May I come?",
    "More support. More time. Better pay.",
    "I'd like more PD on SEL, ELL strategies and UDL.",
    "Somewhat like me",
    "N/A",
    "",
    "...",
]


@pytest.mark.parametrize(("text", "redacted"), TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_a_name_that_nobody_knows_is_taken_out(text: str, redacted: str, redact: Redact) -> None:
    found = redact(text)
    assert (found.text, found.certain) == (redacted, True)


@pytest.mark.parametrize("text", UNSURE.values(), ids=UNSURE)
def test_where_it_is_not_certain_the_text_is_withheld(text: str, redact: Redact) -> None:
    assert not redact(text).certain


@pytest.mark.parametrize("text", LEFT)
def test_ordinary_english_is_left(text: str, redact: Redact) -> None:
    found = redact(text)
    assert (found.text, found.certain) == (text, True)
