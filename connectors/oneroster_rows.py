"""The rows of a OneRoster source, whichever way it is read: over HTTP or from CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from connectors.json_rows import flattener, look_at_objects
from connectors.kind import Preset
from connectors.looking import sampled
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
)
from connectors.rows import Fault, FileRow, Table
from connectors.source import CollectionRule, ColumnRule, ResourceRule
from gateway.domain.identifiers import ResourceName

STAFFS, SCHOOLS, DISTRICTS = ResourceName("staffs"), ResourceName("schools"), ResourceName("localEducationAgencies")
ASSIGNMENTS = ResourceName("staffEducationOrganizationAssignmentAssociations")
_OBJECT = {"sourcedId", "status", "dateLastModified", "metadata"}
_USER = {
    *("enabledUser", "givenName", "familyName", "middleName", "preferredFirstName", "preferredMiddleName", "preferredLastName"),
    *("username", "userIds", "userMasterIdentifier", "userProfiles", "identifier", "pronouns", "email", "sms", "phone", "agents"),
    *("grades", "roles", "role", "orgs", "primaryOrg", "resources"),
}
_ORG = {"name", "type", "identifier", "parent", "children"}
_ROLE = {"roleType", "role", "org", "userProfile", "beginDate", "endDate"}
_CSV = {
    *("orgSourcedId", "orgSourcedIds", "parentSourcedId", "agentSourcedIds", "primaryOrgSourcedId"),
    *("userSourcedId", "userProfileSourcedId"),
}
_ADDED = {
    "staffUniqueId",
    "educationOrganizationId",
    "districtId",
    "categories",
    "staffClassification",
    "orderOfAssignment",
    "user",
}
_KNOWN: Mapping[ResourceName, set[str]] = {
    STAFFS: _OBJECT | _USER | _CSV | _ADDED,
    SCHOOLS: _OBJECT | _ORG | _CSV | _ADDED,
    DISTRICTS: _OBJECT | _ORG | _CSV | _ADDED,
    ASSIGNMENTS: _OBJECT | _ROLE | _CSV | _ADDED,
}
"""Members that are no news: the standard's and those that the words add."""
_COLUMNS: Mapping[ResourceName, Mapping[str, str]] = {
    STAFFS: {
        "staffUniqueId": "staffUniqueId",
        "givenName": "firstName",
        "middleName": "middleName",
        "familyName": "lastSurname",
        "preferredFirstName": "preferredFirstName",
        "preferredLastName": "preferredLastSurname",
        "username": "loginId",
    },
    SCHOOLS: {
        "educationOrganizationId": "schoolId",
        "name": "nameOfInstitution",
        "districtId": "localEducationAgencyReference.localEducationAgencyId",
    },
    DISTRICTS: {
        "educationOrganizationId": "localEducationAgencyId",
        "name": "nameOfInstitution",
        "districtId": "parentLocalEducationAgencyReference.localEducationAgencyId",
    },
    ASSIGNMENTS: {
        "staffUniqueId": "staffReference.staffUniqueId",
        "educationOrganizationId": "educationOrganizationReference.educationOrganizationId",
        "staffClassification": "staffClassificationDescriptor",
        "beginDate": "beginDate",
        "endDate": "endDate",
        "orderOfAssignment": "orderOfAssignment",
    },
}
_CATEGORIES = {SCHOOLS: "educationOrganizationCategories", DISTRICTS: "categories"}
RESOURCES = tuple(_COLUMNS)
"""What OneRoster has of the catalog."""


def preset(resource: ResourceName) -> Preset | None:
    """Which member feeds which element; None for a resource that OneRoster does not have."""
    if resource not in _COLUMNS:
        return None
    category = (ColumnRule("category", ("educationOrganizationCategoryDescriptor",)),)
    return Preset(
        columns=tuple(ColumnRule(member, (element,)) for member, element in _COLUMNS[resource].items()),
        collections=(CollectionRule(_CATEGORIES[resource], category, each="categories"),) if resource in _CATEGORIES else (),
    )


@dataclass(frozen=True)
class Item:
    """One object of a source as OneRoster 1.2 writes it, with its number there; `trouble` alone where it cannot be read. A role has
    the `user` that it is of, where one is known."""

    number: int
    found: Object
    trouble: Trouble | None = None
    user: Object | None = None


class Roster(Protocol):
    """A source that can be read. Raises IngestError when it cannot be read whole."""

    def orgs(self) -> Iterator[Item]: ...

    def users(self) -> Iterator[Item]:
        """Users with their roles; those who are certainly not staff may be missing, or lack their roles."""
        ...

    def roles(self) -> Iterator[Item]:
        """Roles with their users; those that are certainly not of staff may be missing."""
        ...


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
        case _:
            listed = list(roster.orgs())
            orgs, judge = _index(iter(listed), wording), school if resource == SCHOOLS else district
            yield from _each(iter(listed), lambda item: judge(item.found, orgs, wording))


def _index(items: Iterator[Item], wording: Wording) -> Mapping[str, Org]:
    """What cannot be read is not in it; whoever names it is told."""
    return org_index((item.found for item in items if item.trouble is None), wording)


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
        if judged is not None:
            yield replace(item, found=judged[0], trouble=item.trouble or judged[1])


def _table(rule: ResourceRule, items: Iterator[Item]) -> Table:
    header = rule.header_names()
    flatten = flattener(rule, header)
    settled = _KNOWN[rule.resource] | rule.ignore | {name.partition(".")[0] for name in header}
    further: set[str] = set()
    look = look_at_objects(rule)

    def rows() -> Iterator[FileRow]:
        for item in sampled(items, lambda item: look.item(item.found or None)):
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
