"""Fictional people: names with and without accents, drawn with a seeded generator. Any likeness is chance."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

FIRST = (
    "Ana Beatriz Chidi Dolores Émile Fatima Grace Hélène Ikram José Kateřina Léa María Ngozi Oluwaseun Priya Quynh Renée Søren "
    "Thảo Umar Valentina Wren Ximena Yusuf Zoë Aaliyah Benjamin Charlotte DeShawn Emily Francisco Gabriel Hannah Isaiah Jasmine "
    "Kevin Liam Mateo Nicole Olivia Patrick Rachel Samuel Tyler Victoria William Mary-Kate Jean-Luc Anh D'Andre"
).split()
LAST = (
    "Alvarez Boateng Castañeda Đặng Eriksen Fernández García Hoffmann Iglesias Jiménez Kowalski López Müller Nguyễn O'Neill Peña "
    "Quiñones Rodríguez Smith Tran Uribe Vásquez Washington Xiong Young Zúñiga Anderson Brown Clark Davis Evans Foster Green "
    "Harris Jackson Johnson King Lewis Martin Nelson Okafor Patel Robinson Scott Taylor Thompson Walker Williams Wright Smith-Jones"
).split()
STREETS = "Oak Maple Cedar Lake River Hill Park Main Church Mill".split()
CITIES = (("Riverton", "60601"), ("Lakeside", "60045"), ("Fairview", "61432"), ("St. Charles", "60174"), ("Peña Blanca", "87041"))
SHARED_BIRTHDAY = date(2001, 9, 1)


@dataclass(frozen=True)
class Someone:
    """One fictional human being."""

    number: int
    first: str
    middle: str
    last: str
    born: date
    sex: str
    race: str
    hispanic: bool
    disability: str
    poor: bool
    street: str
    city: str
    postal: str
    phone: str


def someone(number: int, chance: random.Random) -> Someone:
    """The person with this number; the same for the same state of `chance`."""
    born = SHARED_BIRTHDAY if chance.random() < 0.02 else date(1972, 1, 1) + timedelta(days=int(12_000 * chance.betavariate(5, 2)))
    city, postal = chance.choice(CITIES)
    return Someone(
        number=number,
        first=chance.choice(FIRST),
        middle=chance.choice((*FIRST, *([""] * len(FIRST)))),
        last=chance.choice(LAST),
        born=born,
        sex=chance.choices(("Female", "Male", "Non-binary"), (70, 29, 1))[0],
        race=chance.choices(("White", "Black", "Asian", "AmericanIndian", "PacificIslander"), (60, 18, 14, 0.6, 0.3))[0],
        hispanic=chance.random() < 0.24,
        disability=chance.choices(("", "Hearing", "Mobility", "Learning"), (94, 2, 1, 3))[0],
        poor=chance.random() < 0.3,
        street=f"{chance.randrange(1, 999)} {chance.choice(STREETS)} Street",
        city=city,
        postal=postal,
        phone=f"({chance.randrange(200, 999)}) 555-{chance.randrange(100, 9999):04d}",
    )
