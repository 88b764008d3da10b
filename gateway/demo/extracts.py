"""Write the two institutions' extracts: deterministic, and as untidy as real ones.

Untidy means: accents, missing values, a duplicated key, shared birthdays, tiny groups, two date formats, cells that do not
fit, references that dangle, one file in an old encoding.
"""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from gateway.demo.people import Someone, someone

SEED = 20_260_701
UNIVERSITY = 900_001
DISTRICT = 600_100
SCHOOLS = 42
CANDIDATES = 3_000
STAFF = 2_200
PLACEMENTS = 2_100
MENTORSHIPS = 1_400
OPENINGS = 260
SUBJECTS = (
    "Mathematics",
    "Biology",
    "Chemistry",
    "Physics",
    "ComputerScience",
    "English",
    "SocialStudies",
    "SpecialEducation",
    "Latin",
)
LEVELS = ("Bachelor", "PostBaccalaureate", "Master")
YEAR_START = date(2026, 8, 24)


@dataclass(frozen=True)
class Sizes:
    """How many of each; the defaults are the demonstration's."""

    candidates: int = CANDIDATES
    staff: int = STAFF
    placements: int = PLACEMENTS
    mentorships: int = MENTORSHIPS
    openings: int = OPENINGS


def write_extracts(folder: Path, sizes: Sizes = Sizes()) -> None:
    """Write `lakeside/` and `riverton/` under a folder; the same bytes for the same sizes."""
    chance = random.Random(SEED)
    candidates = [someone(number, chance) for number in range(1, sizes.candidates + 1)]
    staff = [someone(100_000 + number, chance) for number in range(1, sizes.staff + 1)]
    _lakeside(folder / "lakeside", candidates, staff, sizes, chance)
    _riverton(folder / "riverton", staff, candidates, sizes, chance)


def _lakeside(folder: Path, candidates: Sequence[Someone], staff: Sequence[Someone], sizes: Sizes, chance: random.Random) -> None:
    programs = [
        (f"{subject} {level}", subject, level)
        for subject in SUBJECTS
        for level in LEVELS
        if (subject, level) != ("Latin", "Master")
    ]
    _write(
        folder / "programs.csv",
        (
            {"Program": name, "Type": "Degree", "Institution": UNIVERSITY, "Code": f"P{at:03d}"}
            for at, (name, _, _) in enumerate(programs)
        ),
    )
    rows = [_candidate(person, chance) for person in candidates]
    rows.append(dict(rows[17]))  # one record exported twice
    rows.append({**rows[23], "Id": ""})  # and one that lost its number
    _write(folder / "candidates.csv", rows)
    _write(folder / "enrolments.csv", [_enrolment(person, programs, chance) for person in candidates])
    placed = chance.sample(candidates, min(sizes.placements, len(candidates)))
    _write(folder / "placements.csv", [_placement(at, person, programs, chance) for at, person in enumerate(placed)])
    _write(folder / "mentors.csv", [_mentor(person, chance.choice(staff), chance) for person in placed[: sizes.mentorships]])


def _candidate(person: Someone, chance: random.Random) -> dict[str, object]:
    born = person.born.strftime("%m/%d/%Y") if chance.random() < 0.1 else person.born.isoformat()
    return {
        "Id": _candidate_id(person),
        "First": f" {person.first}" if chance.random() < 0.02 else person.first,
        "Middle": person.middle,
        "Last": person.last,
        "Born": "N/A" if chance.random() < 0.01 else born,
        "Sex": person.sex[0] if person.sex != "Non-binary" else "X",
        "Hispanic": "yes" if person.hispanic else "no",
        "Race1": person.race,
        "Race2": "Asian" if person.race == "White" and chance.random() < 0.03 else "",
        "Disability": person.disability,
        "LowIncome": "Y" if person.poor else "N",
        "Phone": "" if chance.random() < 0.05 else person.phone,
        "Email": f"{_plain(person.first)}.{_plain(person.last)}{chance.randrange(10, 99)}@lakeside.example",
        "Street": person.street,
        "City": person.city,
        "Zip": person.postal,
    }


def _enrolment(person: Someone, programs: Sequence[tuple[str, str, str]], chance: random.Random) -> dict[str, object]:
    name, _, _ = _program(person, programs)
    begun = date(2022 + person.number % 4, 8, 20) + timedelta(days=person.number % 9)
    finishes = begun.year + 4 - (person.number % 3 == 0)
    return {
        "Candidate": _candidate_id(person),
        "Program": name if chance.random() > 0.002 else "",
        "Type": "Degree",
        "Institution": UNIVERSITY,
        "Begin": begun.isoformat(),
        "End": "" if finishes > 2026 else date(finishes, 5, 15).isoformat(),
        "Exit": "" if finishes > 2026 else chance.choices(("Completed", "Withdrew"), (9, 1))[0],
        "GraduationYear": finishes,
        "GraduationTerm": chance.choice(("Spring", "Spring", "Fall")),
        "Pathway": chance.choice(("Traditional", "Residency", "")),
    }


def _placement(at: int, person: Someone, programs: Sequence[tuple[str, str, str]], chance: random.Random) -> dict[str, object]:
    name, _, _ = _program(person, programs)
    school = chance.randrange(1, SCHOOLS + 1) if chance.random() > 0.01 else 99  # a school that the district does not list
    hours = chance.randrange(40, 640)
    return {
        "Placement": f"LKS-{2026_0000 + at}",
        "Candidate": _candidate_id(person),
        "School": DISTRICT + school,
        "Program": name,
        "Type": "Degree",
        "Institution": UNIVERSITY,
        "Kind": chance.choice(("StudentTeaching", "Practicum", "Observation")),
        "Begin": (YEAR_START + timedelta(days=chance.randrange(0, 30))).isoformat(),
        "End": date(2027, 5, 28).isoformat(),
        "Hours": "approx. 120" if chance.random() < 0.004 else f"{hours}.5",
    }


def _mentor(person: Someone, staff: Someone, chance: random.Random) -> dict[str, object]:
    return {
        "Candidate": _candidate_id(person),
        "Mentor": _staff_id(staff),
        "Begin": YEAR_START.isoformat(),
        "End": "" if chance.random() < 0.7 else date(2026, 12, 18).isoformat(),
        "Role": chance.choice(("CooperatingTeacher", "Mentor", "UniversitySupervisor")),
    }


def _riverton(folder: Path, staff: Sequence[Someone], candidates: Sequence[Someone], sizes: Sizes, chance: random.Random) -> None:
    schools = [
        {
            "SchoolId": DISTRICT + at,
            "Name": f"{chance.choice(('Elm', 'Río', 'North', 'Sunset', 'César Chávez'))} {kind} {at}",
            "Level": kind,
        }
        for at in range(1, SCHOOLS + 1)
        for kind in [("Elementary", "Middle", "High")[at % 3]]
    ]
    _write(folder / "schools.csv", schools)
    people = [*staff, *(replace(person, number=200_000 + person.number) for person in candidates[: sizes.staff // 20])]
    _write(folder / "staff.csv", [_member(person, chance) for person in people], delimiter=";", encoding="utf-16")
    _write(folder / "employments.csv", [_employment(person, chance) for person in people])
    _write(folder / "assignments.csv", [_assignment(person, chance) for person in people])
    _write(folder / "openings.csv", [_opening(at, chance) for at in range(1, sizes.openings + 1)])


def _member(person: Someone, chance: random.Random) -> dict[str, object]:
    return {
        "StaffId": _staff_id(person),
        "FirstName": person.first,
        "LastName": person.last,
        "BirthDate": "" if chance.random() < 0.02 else person.born.isoformat(),
        "YearsTeaching": chance.randrange(0, 30),
        "Degree": chance.choice(("Bachelor", "Master", "Doctorate", "")),
        "HighlyQualified": chance.choice(("true", "false", "1", "")),
    }


def _employment(person: Someone, chance: random.Random) -> dict[str, object]:
    hired = date(2008 + chance.randrange(0, 18), 8, 1)
    left = chance.random() < 0.12
    return {
        "StaffId": _staff_id(person),
        "District": DISTRICT,
        "Status": chance.choice(("Tenured", "Probationary", "Contractual")),
        "Hired": hired.strftime("%m/%d/%Y"),
        "Left": (hired + timedelta(days=chance.randrange(300, 4000))).strftime("%m/%d/%Y") if left else "",
        "Reason": chance.choice(("Retirement", "Personal", "Relocation")) if left else "",
        "FTE": chance.choice(("1.0", "1.0", "0.5")),
        "Wage": chance.randrange(41_000, 98_000),
    }


def _assignment(person: Someone, chance: random.Random) -> dict[str, object]:
    return {
        "StaffId": _staff_id(person),
        "School": DISTRICT + chance.randrange(1, SCHOOLS + 1),
        "Class": chance.choices(("Teacher", "Principal", "Support"), (90, 3, 7))[0],
        "Begin": YEAR_START.isoformat(),
        "Title": chance.choice(("Teacher", "Lead Teacher", "Coach")),
    }


def _opening(at: int, chance: random.Random) -> dict[str, object]:
    posted = date(2026, 1, 5) + timedelta(days=chance.randrange(0, 200))
    subject = chance.choice(SUBJECTS)
    return {
        "Requisition": f"R26-{at:04d}",
        "Employer": DISTRICT + chance.randrange(1, SCHOOLS + 1),
        "Status": "Probationary",
        "Class": "Teacher",
        "Posted": posted.isoformat(),
        "Removed": "" if chance.random() < 0.6 else (posted + timedelta(days=60)).isoformat(),
        "Title": f"{subject} Teacher",
        "Subject": subject,
        "HighNeed": "yes" if subject in SUBJECTS[:5] else "no",
        "MinSalary": "47,500" if chance.random() < 0.02 else chance.randrange(42_000, 50_000),
        "Year": 2027,
    }


def _program(person: Someone, programs: Sequence[tuple[str, str, str]]) -> tuple[str, str, str]:
    # The last program has two candidates: a group that is too small to count in public.
    return programs[-1] if person.number in {7, 8} else programs[person.number % (len(programs) - 1)]


def _candidate_id(person: Someone) -> str:
    return f"LU{person.number:06d}"


def _plain(name: str) -> str:
    """The name in the letters of an address; it must not tell the candidate's number."""
    letters = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isalpha())


def _staff_id(person: Someone) -> str:
    return f"RUSD{person.number:07d}"


def _write(file: Path, rows: Iterable[Mapping[str, object]], *, delimiter: str = ",", encoding: str = "utf-8") -> None:
    rows = list(rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding=encoding, newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
