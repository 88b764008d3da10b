"""OneRoster's words as the catalog's: users with a role of staff, their roles at organisations, and the organisations themselves.

Users and organisations come as the JSON of version 1.2, whatever they were read from. What OneRoster says of students, guardians
and relatives is passed over, and so are classes and enrolments, of which the catalog has no resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from connectors.json_rows import Json, at_path, json_table
from connectors.kind import Preset
from connectors.rows import Table
from connectors.source import ColumnRule, ResourceRule
from gateway.domain.identifiers import ResourceName

Item = Mapping[str, Json]
STAFFS = ResourceName("staffs")
SCHOOLS = ResourceName("schools")
AGENCIES = ResourceName("localEducationAgencies")
ASSIGNMENTS = ResourceName("staffEducationOrganizationAssignmentAssociations")
STAFF_IDS = ("identifier", "sourcedId", "userMasterIdentifier")
ORG_IDS = ("identifier", "sourcedId")
GIVEN: Mapping[ResourceName, tuple[str, ...]] = {
    STAFFS: (
        *("staffUniqueId", "firstName", "middleName", "lastSurname", "preferredFirstName", "preferredLastSurname", "loginId"),
    ),
    SCHOOLS: ("schoolId", "nameOfInstitution", "localEducationAgencyReference.localEducationAgencyId"),
    AGENCIES: ("localEducationAgencyId", "nameOfInstitution"),
    ASSIGNMENTS: (
        "staffReference.staffUniqueId",
        "educationOrganizationReference.educationOrganizationId",
        "staffClassificationDescriptor",
        "beginDate",
        "endDate",
    ),
}
"""The elements that OneRoster has something for, by resource."""
_NOT_STAFF = frozenset({"student", "guardian", "parent", "relative"})
_CLASSIFICATIONS = {
    "aide": "Instructional Aide",
    "counselor": "Counselor",
    "districtAdministrator": "LEA Administrator",
    "principal": "Principal",
    "proctor": "Other",
    "siteAdministrator": "School Administrator",
    "systemAdministrator": "LEA System Administrator",
    "teacher": "Teacher",
}
_DESCRIPTOR = "uri://ed-fi.org/StaffClassificationDescriptor#"
_OTHER_ROLE = "uri://imsglobal.org/OneRosterRole#"
_AGENCY_TYPES = frozenset({"district"})


@dataclass(frozen=True)
class Words:
    """What a source file chooses: by which of its identifiers OneRoster's users and organisations are known in the catalog, and
    since when a role is held whose beginning OneRoster leaves out (empty: such roles are refused)."""

    staff_id: str = STAFF_IDS[0]
    org_id: str = ORG_IDS[0]
    begin_date: str = ""


class Roster(Protocol):
    """Where users and organisations come from. Raises IngestError when they cannot be read whole."""

    def users(self) -> Iterator[Item]: ...

    def orgs(self) -> Iterator[Item]: ...


def preset_of(resource: ResourceName) -> Preset | None:
    """Each element that OneRoster has something for, under its own path."""
    paths = GIVEN.get(resource)
    return None if paths is None else Preset(columns=tuple(ColumnRule(path, (path,)) for path in paths))


def roster_table(rule: ResourceRule, roster: Roster, words: Words) -> Table:
    """The rows of one resource. Beside the catalog's words each has OneRoster's own members, for columns that a source file maps
    itself (`metadata.badge`)."""
    return json_table(rule, enumerate(_items(rule.resource, roster, words), start=1))


def _items(resource: ResourceName, roster: Roster, words: Words) -> Iterator[Json]:
    if resource == STAFFS:
        for user in roster.users():
            if any(_is_staff(role) for role in _roles(user)):
                yield {**user, **_staff(user, words)}
        return
    orgs = {str(org.get("sourcedId")): org for org in roster.orgs()}
    if resource == ASSIGNMENTS:
        for user in roster.users():
            yield from ({**role, **_assignment(user, role, orgs, words)} for role in _roles(user) if _is_staff(role))
        return
    for org in orgs.values():
        if org.get("type") in (_AGENCY_TYPES if resource == AGENCIES else {"school"}):
            yield {**org, **_organisation(resource, org, orgs, words)}


def _roles(user: Item) -> Iterable[Item]:
    listed = user.get("roles")
    if isinstance(listed, list):
        return [role for role in listed if isinstance(role, dict)]
    # Version 1.1: one role, held at each of the organisations.
    orgs = user.get("orgs")
    return [{"role": user.get("role"), "org": org} for org in (orgs if isinstance(orgs, list) else [])]


def _is_staff(role: Item) -> bool:
    return isinstance(role.get("role"), str) and role["role"] not in _NOT_STAFF


def _staff(user: Item, words: Words) -> dict[str, Json]:
    return {
        "staffUniqueId": user.get(words.staff_id),
        "firstName": user.get("givenName"),
        "middleName": user.get("middleName"),
        "lastSurname": user.get("familyName"),
        "preferredFirstName": user.get("preferredFirstName", user.get("preferredGivenName")),
        "preferredLastSurname": user.get("preferredLastName", user.get("preferredFamilyName")),
        "loginId": user.get("username"),
    }


def _assignment(user: Item, role: Item, orgs: Mapping[str, Item], words: Words) -> dict[str, Json]:
    word = str(role["role"])
    known = _CLASSIFICATIONS.get(word)
    return {
        "staffReference": {"staffUniqueId": user.get(words.staff_id)},
        "educationOrganizationReference": {"educationOrganizationId": _org_id(role.get("org"), orgs, words)},
        "staffClassificationDescriptor": f"{_DESCRIPTOR}{known}" if known else f"{_OTHER_ROLE}{word}",
        "beginDate": role.get("beginDate") or words.begin_date,
        "endDate": role.get("endDate"),
    }


def _organisation(resource: ResourceName, org: Item, orgs: Mapping[str, Item], words: Words) -> dict[str, Json]:
    said: dict[str, Json] = {"nameOfInstitution": org.get("name")}
    if resource == AGENCIES:
        return {**said, "localEducationAgencyId": org.get(words.org_id)}
    parent = at_path(dict(org), "parent.sourcedId")
    above = orgs.get(str(parent), {})
    agency = above.get(words.org_id) if above.get("type") in _AGENCY_TYPES else None
    return {
        **said,
        "schoolId": org.get(words.org_id),
        "localEducationAgencyReference": {"localEducationAgencyId": agency},
    }


def _org_id(reference: Json, orgs: Mapping[str, Item], words: Words) -> Json:
    named = at_path(reference, "sourcedId")
    return orgs.get(str(named), {}).get(words.org_id)
