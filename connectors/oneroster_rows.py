"""The rows of a OneRoster source, whichever way it is read: over HTTP or from CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from connectors.json_rows import flattener, look_at_objects
from connectors.looking import sampled
from connectors.oneroster_presets import ASSIGNMENTS, KNOWN, SCHOOLS, SECTIONS, STAFFS, TEACHING
from connectors.oneroster_sections import Member, Placed, Timetable, course_index, place, section, session_index, teaching
from connectors.oneroster_words import (
    Found,
    Object,
    Org,
    Trouble,
    Wording,
    assignment,
    district,
    org_index,
    roles_of,
    school,
    staff,
    text_of,
)
from connectors.rows import Fault, FileRow, Table
from connectors.source import ResourceRule
from gateway.domain.identifiers import ResourceName


@dataclass(frozen=True)
class Item:
    """One object of a source as OneRoster 1.2 writes it, with its number there; `trouble` alone where it cannot be read. A role has
    the `user` that it is of, where one is known. What is `passed_over` is nothing of the resource that is read."""

    number: int
    found: Object
    trouble: Trouble | None = None
    user: Object | None = None
    passed_over: bool = False


class Roster(Protocol):
    """A source that can be read. Raises IngestError when it cannot be read whole."""

    def orgs(self) -> Iterator[Item]: ...

    def users(self) -> Iterator[Item]:
        """Users with their roles; those who are certainly not staff may be missing, or lack their roles."""
        ...

    def roles(self) -> Iterator[Item]:
        """Roles with their users; those that are certainly not of staff may be missing."""
        ...

    def classes(self) -> Iterator[Item]: ...

    def courses(self) -> Iterator[Item]: ...

    def sessions(self) -> Iterator[Item]: ...

    def enrolments(self) -> Iterator[Item]: ...


class RosterTables:
    """The tables of a source, opened for as long as one is read."""

    def __init__(self, opened: Callable[[ResourceRule], AbstractContextManager[Roster]], wording: Wording) -> None:
        self._opened = opened
        self._wording = wording

    @contextmanager
    def open(self, rule: ResourceRule) -> Iterator[Table]:
        with self._opened(rule) as roster:
            yield _table(rule, found_in(roster, rule.resource, self._wording))

    def rows_in(self, rule: ResourceRule) -> int | None:
        return None


def found_in(roster: Roster, resource: ResourceName, wording: Wording) -> Iterator[Item]:
    """The objects of one resource, with what the catalog needs."""
    match resource:
        case _ if resource == STAFFS:
            yield from _each(roster.users(), lambda item: staff(item.found, wording))
        case _ if resource == ASSIGNMENTS:
            orgs = _index(roster.orgs(), wording)
            yield from _each(roster.roles(), lambda item: assignment(item.found, item.user, orgs, wording))
        case _ if resource == SECTIONS:
            known = _timetable(roster, wording)
            yield from _each(roster.classes(), lambda item: section(item.found, known, wording))
        case _ if resource == TEACHING:
            sections, members = _sections(roster, wording), _members(roster, wording)
            yield from _each(roster.enrolments(), lambda item: teaching(item.found, sections, members, wording))
        case _:
            listed = list(roster.orgs())
            orgs, judge = _index(iter(listed), wording), school if resource == SCHOOLS else district
            yield from _each(iter(listed), lambda item: judge(item.found, orgs, wording))


def _index(items: Iterator[Item], wording: Wording) -> Mapping[str, Org]:
    return org_index(_readable(items), wording)


def _readable(items: Iterator[Item]) -> Iterator[Object]:
    """What cannot be read is not in an index; whoever names it is told."""
    return (item.found for item in items if item.trouble is None)


def _timetable(roster: Roster, wording: Wording) -> Timetable:
    """Courses are read only where their codes are asked for."""
    courses = course_index(_readable(roster.courses())) if wording.course_id == "courseCode" else {}
    return Timetable(_index(roster.orgs(), wording), courses, session_index(_readable(roster.sessions())))


def _sections(roster: Roster, wording: Wording) -> Mapping[str, Placed | None]:
    """The section of every class by its sourcedId, None for one that is to be deleted."""
    known = _timetable(roster, wording)
    found: dict[str, Placed | None] = {}
    for key, item in _keyed(roster.classes()):
        placed = place(item.found, known, wording)
        deleted = text_of(item.found, "status") == "tobedeleted"
        found[key] = None if deleted else replace(placed, trouble=item.trouble or placed.trouble)
    return found


def _members(roster: Roster, wording: Wording) -> Mapping[str, Member | None]:
    """What identifies every one of the staff, by the user's sourcedId; None for the other users, of whom nothing else is kept."""
    found: dict[str, Member | None] = {}
    for key, item in _keyed(roster.users()):
        judged = staff(item.found, wording)
        found[key] = None if judged is None else (text_of(judged[0], "staffUniqueId"), item.trouble or judged[1])
    return found


def _keyed(items: Iterator[Item]) -> Iterator[tuple[str, Item]]:
    return ((key, item) for item in items if (key := text_of(item.found, "sourcedId")))


def roles_of_users(users: Iterator[Item]) -> Iterator[Item]:
    """The roles that stand in their users, counted on from user to user."""
    number = 0
    for user in users:
        roles = roles_of(user.found) if user.found else user.trouble or []
        if isinstance(roles, Trouble):
            number += 1
            yield Item(number, {}, roles)
            continue
        for role in roles:
            number += 1
            yield Item(number, role, user.trouble, user.found)


def _each(items: Iterator[Item], judge: Callable[[Item], Found | None]) -> Iterator[Item]:
    for item in items:
        judged = judge(item) if item.found else ({}, item.trouble)
        if judged is None:
            yield Item(item.number, {}, passed_over=True)
        else:
            yield replace(item, found=judged[0], trouble=item.trouble or judged[1])


def _table(rule: ResourceRule, items: Iterator[Item]) -> Table:
    header = rule.header_names()
    flatten = flattener(rule, header)
    settled = KNOWN[rule.resource] | rule.ignore | {name.partition(".")[0] for name in header}
    further: set[str] = set()
    look = look_at_objects(rule)

    def rows() -> Iterator[FileRow]:
        for item in sampled(items, lambda item: look.item(None if item.passed_over else item.found or None)):
            if item.passed_over:
                yield FileRow(item.number, [], passed_over=True)
                continue
            if not item.found:
                yield FileRow(item.number, [], _fault(item.trouble, header))
                continue
            further.update(item.found.keys() - settled)
            row = flatten(item.number, dict(item.found))
            yield row if item.trouble is None else replace(row, fault=_fault(item.trouble, header))

    return Table(header, rows(), further, look)


def _fault(trouble: Trouble | None, header: tuple[str, ...]) -> Fault | None:
    if trouble is None:
        return None
    return Fault(trouble.code, trouble.reason, header.index(trouble.member) if trouble.member in header else None)
