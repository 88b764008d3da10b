"""OneRoster's classes as the catalog's sections, and teachers' enrolments as who teaches them. Pure.

Ed-Fi knows a section by its school, its course, its session and its own identifier together; a class has only the last itself, and
names the others by their sourcedIds. Students' enrolments are nobody's business here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from connectors.json_rows import Json
from connectors.oneroster_words import Found, Object, Org, Trouble, Wording, status_trouble, text_of

GRADES: Mapping[str, str] = {
    "IT": "Infant/toddler",
    "PR": "Preschool/Prekindergarten",
    "PK": "Preschool/Prekindergarten",
    "TK": "Transitional Kindergarten",
    "KG": "Kindergarten",
    "01": "First grade",
    "02": "Second grade",
    "03": "Third grade",
    "04": "Fourth grade",
    "05": "Fifth grade",
    "06": "Sixth grade",
    "07": "Seventh grade",
    "08": "Eighth grade",
    "09": "Ninth grade",
    "10": "Tenth grade",
    "11": "Eleventh grade",
    "12": "Twelfth grade",
    "13": "Grade 13",
    "PS": "Postsecondary",
    "UG": "Ungraded",
    "OTHER": "Other",
}
"""Grade levels of CEDS, which OneRoster uses, with their Ed-Fi descriptor."""
_GRADE_LEVEL = "uri://ed-fi.org/GradeLevelDescriptor#"
_TEACHER_OF_RECORD = "uri://ed-fi.org/ClassroomPositionDescriptor#Teacher of Record"
_NO_TEACHERS = frozenset({"administrator", "proctor"})
"""Roles in a class that nobody teaches by, also where they are roles of staff."""
_HIGHEST = 10
"""Sessions above one another; more is a circle."""


@dataclass(frozen=True)
class Session:
    """What a class needs to know of an academic session."""

    title: str
    year: str
    begins: str
    parent: str


@dataclass(frozen=True)
class Timetable:
    """What classes name, each by its sourcedId; `courses` are their courseCodes."""

    orgs: Mapping[str, Org]
    courses: Mapping[str, str]
    sessions: Mapping[str, Session]


@dataclass(frozen=True)
class Placed:
    """What an enrolment needs to know of its class: the members of the section's key, the day on which its first term begins, and
    why it has no key if it has none."""

    key: Object
    begins: str
    trouble: Trouble | None


Member = tuple[str, Trouble | None]
"""What identifies one of the staff, and what is wrong with the user."""


def course_index(courses: Iterable[Object]) -> Mapping[str, str]:
    """The code of every course by its sourcedId, also of those to be deleted: a class may still name one."""
    return {text_of(course, "sourcedId"): text_of(course, "courseCode") for course in courses}


def session_index(sessions: Iterable[Object]) -> Mapping[str, Session]:
    """Every academic session by its sourcedId, also those to be deleted."""
    return {
        text_of(session, "sourcedId"): Session(
            text_of(session, "title"),
            text_of(session, "schoolYear"),
            text_of(session, "startDate"),
            text_of(session, "parent", "sourcedId"),
        )
        for session in sessions
    }


def section(found: Object, known: Timetable, wording: Wording) -> Found | None:
    """A class as a section; None for one that is to be deleted."""
    if text_of(found, "status") == "tobedeleted":
        return None
    placed = place(found, known, wording)
    levels = _levels(found.get("grades"), wording)
    unread = levels if isinstance(levels, Trouble) else None
    listed: list[Json] = [] if isinstance(levels, Trouble) else [{"gradeLevel": level} for level in levels]
    return {**found, **placed.key, "gradeLevels": listed}, placed.trouble or unread


def place(found: Object, known: Timetable, wording: Wording) -> Placed:
    """The key of a class's section, as far as it can be told."""
    org = known.orgs.get(text_of(found, "school", "sourcedId"))
    course = text_of(found, "course", "sourcedId")
    named = _terms(found.get("terms"))
    terms = [] if isinstance(named, Trouble) else [term for term in named if term in known.sessions]
    held = _held(terms, known.sessions)
    key = {
        "sectionIdentifier": text_of(found, wording.section_id),
        "localCourseCode": course if wording.course_id == "sourcedId" else known.courses.get(course, ""),
        "schoolId": "" if org is None else org.identity,
        "schoolYear": next((known.sessions[name].year for name in _upwards(held, known.sessions) if known.sessions[name].year), ""),
        "sessionName": known.sessions[held].title if held else "",
    }
    begins = min((known.sessions[term].begins for term in terms if known.sessions[term].begins), default="")
    unread = named if isinstance(named, Trouble) else _unknown(found, named, known, wording)
    return Placed(key, begins, status_trouble(found) or unread or _lacking(key, wording))


def teaching(
    enrolment: Object, sections: Mapping[str, Placed | None], staff: Mapping[str, Member | None], wording: Wording
) -> Found | None:
    """A teacher's enrolment in a class; None for one of others, of who is not staff, in a class that is to be deleted, or that is
    itself. It begins where it says so, else with the first term of its class: so Ed-Fi reads one that does not say."""
    role = text_of(enrolment, "role")
    if role in _NO_TEACHERS or wording.is_other(role) or text_of(enrolment, "status") == "tobedeleted":
        return None
    user, taught = text_of(enrolment, "user", "sourcedId"), text_of(enrolment, "class", "sourcedId")
    member, placed = staff.get(user, _NOBODY), sections.get(taught, _NOWHERE)
    if member is None or placed is None:
        return None
    begin = text_of(enrolment, "beginDate") or placed.begins or wording.begin_date
    primary = str(enrolment.get("primary", "")).strip().lower() == "true"
    found = {
        **enrolment,
        **placed.key,
        "staffUniqueId": member[0],
        "beginDate": begin,
        "classroomPosition": _TEACHER_OF_RECORD if primary else "",
    }
    return found, status_trouble(enrolment) or _unknown_role(role, wording) or member[1] or placed.trouble or _no_begin(begin)


_NOBODY: Member = ("", Trouble("unknown_user", "no user has the sourcedId that the enrolment names", "user.sourcedId"))
_NOWHERE = Placed({}, "", Trouble("unknown_class", "no class has the sourcedId that the enrolment names", "class.sourcedId"))


def _held(terms: list[str], sessions: Mapping[str, Session]) -> str:
    """The one session that a class is in: its only term, or the nearest session above all its terms; where there is none, the term
    that begins first. Empty without a term."""
    lines = [list(_upwards(term, sessions)) for term in terms]
    for name in lines[0] if lines else ():
        if all(name in line for line in lines):
            return name
    return min(terms, key=lambda term: (sessions[term].begins, term), default="")


def _upwards(named: str, sessions: Mapping[str, Session]) -> Iterator[str]:
    for _ in range(_HIGHEST):
        if named not in sessions:
            return
        yield named
        named = sessions[named].parent


def _terms(terms: Json) -> list[str] | Trouble:
    if not isinstance(terms, list) or not all(isinstance(term, dict) for term in terms):
        return Trouble("not_a_list", "the terms of the class are no list of objects", "terms")
    return list(dict.fromkeys(text_of(term, "sourcedId") for term in terms if isinstance(term, dict)))


def _levels(grades: Json, wording: Wording) -> list[str] | Trouble:
    """The descriptors of grades, which are a list in JSON and a text with commas in CSV."""
    listed = grades if isinstance(grades, list) else str(grades or "").split(",")
    levels = []
    for grade in (str(item).strip() for item in listed):
        plain = grade.zfill(2) if grade.isdigit() else grade.upper()
        level = wording.grades.get(grade) or GRADES.get(plain)
        if level is None and grade:
            return Trouble(
                "unknown_grade", "nothing says what a grade of the class is: name it in the source file under grades", "grades"
            )
        levels += [f"{_GRADE_LEVEL}{level}"] if level else []
    return levels


def _unknown(found: Object, terms: list[str], known: Timetable, wording: Wording) -> Trouble | None:
    """What a class names and nothing is."""
    if text_of(found, "school", "sourcedId") not in known.orgs:
        return Trouble("unknown_org", "no org has the sourcedId that the class names", "school.sourcedId")
    if wording.course_id == "courseCode" and text_of(found, "course", "sourcedId") not in known.courses:
        return Trouble("unknown_course", "no course has the sourcedId that the class names", "course.sourcedId")
    if any(term not in known.sessions for term in terms):
        return Trouble("unknown_term", "no academic session has a sourcedId that the class names", "terms")
    return None


def _lacking(key: Mapping[str, str], wording: Wording) -> Trouble | None:
    """What the key of a section lacks."""
    reasons = {
        "sectionIdentifier": (
            "no_section_id",
            f"the class has no {wording.section_id}: have it filled in, or choose another section_id",
        ),
        "localCourseCode": (
            "no_course_id",
            f"the course of the class has no {wording.course_id}: have it filled in, or choose another course_id",
        ),
        "schoolId": ("no_org_id", f"the school of the class has no {wording.org_id}: have it filled in, or choose another org_id"),
        "sessionName": ("no_session", "the class names no term, or its term has no title: have it filled in"),
        "schoolYear": (
            "no_school_year",
            "the term of the class names no schoolYear, nor does a session above it: have it filled in",
        ),
    }
    return next((Trouble(*reasons[name], name) for name in reasons if not key[name]), None)


def _unknown_role(role: str, wording: Wording) -> Trouble | None:
    if role == "teacher" or role in wording.roles:
        return None
    return Trouble("unknown_role", "nothing says what the role is: name it in the source file under roles or not_staff", "role")


def _no_begin(begin: str) -> Trouble | None:
    if begin:
        return None
    reason = "neither the enrolment nor a term of its class says when it begins: say it in the source file (begin_date)"
    return Trouble("no_begin_date", reason, "beginDate")
