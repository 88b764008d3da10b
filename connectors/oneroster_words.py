"""OneRoster's words as the catalog's: which users are staff, who they are, where they work and as what. Pure. What they teach is
`oneroster_sections`.

A user, an org and a role are objects as OneRoster 1.2 writes them in JSON; `later_user` makes one of a 1.1 user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.json_rows import Json

Object = Mapping[str, Json]
StaffId = Literal["identifier", "sourcedId", "userMasterIdentifier"]
OrgId = Literal["identifier", "sourcedId"]
SectionId = Literal["sourcedId", "classCode"]
CourseId = Literal["courseCode", "sourcedId"]

ROLES: Mapping[str, str] = {
    "aide": "Instructional Aide",
    "counselor": "Counselor",
    "districtAdministrator": "LEA Administrator",
    "principal": "Principal",
    "siteAdministrator": "School Administrator",
    "systemAdministrator": "LEA System Administrator",
    "teacher": "Teacher",
}
"""Roles that are staff's, with their Ed-Fi classification. Ed-Fi's own OneRoster service maps several to one role; this is the
plainest."""
ADMINISTRATOR = "administrator"
"""The only administrator that 1.1 has; the type of the org tells which."""
_ADMINISTRATORS: Mapping[str, str] = {"school": "School Administrator", "district": "LEA Administrator"}
NOT_STAFF = frozenset({"guardian", "parent", "proctor", "relative", "student"})
"""Roles that are nobody's assignment at a school: whoever has no other is not read."""
_NAMESPACE = "uri://ed-fi.org/StaffClassificationDescriptor#"
_ORDER = {"primary": "1", "secondary": "2"}
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HIGHEST = 10
"""Orgs above one another; more is a circle."""


@dataclass(frozen=True)
class Wording:
    """What the source file settles: what identifies staff, orgs, classes and courses, the day (ISO) on which a role without one
    began, what else is a role of staff (with its classification) or of nobody who is staff, and what else is a grade (with its
    level)."""

    staff_id: StaffId = "identifier"
    org_id: OrgId = "identifier"
    begin_date: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    not_staff: frozenset[str] = frozenset()
    section_id: SectionId = "sourcedId"
    course_id: CourseId = "courseCode"
    grades: Mapping[str, str] = field(default_factory=dict)

    def is_staff(self, role: str) -> bool:
        return role in self.roles or (role not in self.not_staff and (role in ROLES or role == ADMINISTRATOR))

    def is_other(self, role: str) -> bool:
        """Whether a role is known to be of nobody who is staff."""
        return role not in self.roles and (role in NOT_STAFF or role in self.not_staff)


@dataclass(frozen=True)
class Trouble:
    """Why an object is no record: code, reason and, when one is to blame, the member."""

    code: str
    reason: str
    member: str = ""


@dataclass(frozen=True)
class Org:
    """What others need to know of an org."""

    identity: str
    kind: str
    parent: str


Found = tuple[Object, Trouble | None]
"""An object with the members that the catalog needs beside its own, and what is wrong with it."""


def text_of(found: Object, *path: str) -> str:
    """The text at a path; empty where there is none."""
    value: object = found
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def later_user(user: Object) -> Object:
    """A user of 1.1, who has one role in each of several orgs, as one of 1.2; without a password."""
    plain = {name: value for name, value in user.items() if name not in ("password", "userProfiles")}
    orgs = user.get("orgs")
    if "roles" in user or "role" not in user:
        return plain
    return {**plain, "roles": [{"role": user["role"], "org": org} for org in orgs] if isinstance(orgs, list) else []}


def roles_of(user: Object) -> list[Object] | Trouble:
    """The roles of a user of 1.2."""
    roles = user.get("roles")
    if roles is None:
        return []
    if not isinstance(roles, list) or not all(isinstance(role, dict) for role in roles):
        return Trouble("not_a_list", "the roles of the user are no list of objects", "roles")
    return [role for role in roles if isinstance(role, dict)]


def org_index(orgs: Iterable[Object], wording: Wording) -> Mapping[str, Org]:
    """Every org by its sourcedId, also those to be deleted: a role may still name one."""
    return {
        text_of(org, "sourcedId"): Org(text_of(org, wording.org_id), text_of(org, "type"), text_of(org, "parent", "sourcedId"))
        for org in orgs
    }


def staff(user: Object, wording: Wording) -> Found | None:
    """One of the staff; None for who is not, or is to be deleted."""
    roles = roles_of(user)
    trouble = status_trouble(user)
    if isinstance(roles, Trouble):
        return user, roles
    if trouble is None and text_of(user, "status") == "tobedeleted":
        return None
    named = [text_of(role, "role") for role in roles]
    if not any(wording.is_staff(role) for role in named):
        if all(wording.is_other(role) for role in named):
            return None
        trouble = trouble or _unknown_role()
    identity, without = _staff_id(user, wording)
    return {**user, "staffUniqueId": identity}, trouble or without


def assignment(role: Object, user: Object | None, orgs: Mapping[str, Org], wording: Wording) -> Found | None:
    """One role of one of the staff at one org; None for a role of others, or of who is to be deleted."""
    name = text_of(role, "role")
    if wording.is_other(name) or "tobedeleted" in (text_of(role, "status"), text_of(user or {}, "status")):
        return None
    if user is None:
        return role, Trouble("unknown_user", "no user has the sourcedId that the role names", "userSourcedId")
    org = orgs.get(text_of(role, "org", "sourcedId"))
    kind = "" if org is None else org.kind
    meant = wording.roles.get(name) or (_ADMINISTRATORS.get(kind) if name == ADMINISTRATOR else ROLES.get(name))
    identity, trouble = _staff_id(user, wording)
    begin = text_of(role, "beginDate") or wording.begin_date
    found = {
        **role,
        "user": dict(user),
        "staffUniqueId": identity,
        "educationOrganizationId": "" if org is None else org.identity,
        "staffClassification": f"{_NAMESPACE}{meant}" if meant else "",
        "beginDate": begin,
        "orderOfAssignment": _ORDER.get(text_of(role, "roleType"), ""),
    }
    return found, status_trouble(user) or status_trouble(role) or trouble or _lacking(found, org, wording)


def school(org: Object, orgs: Mapping[str, Org], wording: Wording) -> Found | None:
    """A school with its district; None for an org that is none, or is to be deleted."""
    return _organisation(org, orgs, wording, "school", "School")


def district(org: Object, orgs: Mapping[str, Org], wording: Wording) -> Found | None:
    """A district, with the district above it if there is one; None for an org that is none, or is to be deleted."""
    return _organisation(org, orgs, wording, "district", "Local Education Agency")


def _organisation(org: Object, orgs: Mapping[str, Org], wording: Wording, kind: str, category: str) -> Found | None:
    if text_of(org, "status") == "tobedeleted" or text_of(org, "type") not in ("", kind):
        return None
    identity = text_of(org, wording.org_id)
    found: Object = {
        **org,
        "educationOrganizationId": identity,
        "districtId": next((above.identity for above in _above(org, orgs) if above.kind == "district"), ""),
        "categories": [{"category": f"uri://ed-fi.org/EducationOrganizationCategoryDescriptor#{category}"}],
    }
    return found, status_trouble(org) or _lacking_org(org, identity, wording)


def _lacking_org(org: Object, identity: str, wording: Wording) -> Trouble | None:
    if not text_of(org, "type"):
        return Trouble("no_type", "the org does not say whether it is a school, a district or something else", "type")
    reason = f"the org has no {wording.org_id}: have it filled in, or choose another org_id"
    return None if identity else Trouble("no_org_id", reason, wording.org_id)


def _above(org: Object, orgs: Mapping[str, Org]) -> Iterator[Org]:
    named = text_of(org, "parent", "sourcedId")
    for _ in range(_HIGHEST):
        above = orgs.get(named)
        if above is None:
            return
        yield above
        named = above.parent


def _staff_id(user: Object, wording: Wording) -> tuple[str, Trouble | None]:
    """What identifies one of the staff. A UUID goes without its hyphens, because Ed-Fi's identifier has at most 32 characters."""
    text = text_of(user, wording.staff_id)
    if not text:
        reason = f"the user has no {wording.staff_id}: have it filled in, or choose another staff_id"
        return "", Trouble("no_staff_id", reason, wording.staff_id)
    return (text.replace("-", "").lower() if _UUID.fullmatch(text) else text), None


def status_trouble(found: Object) -> Trouble | None:
    """What is wrong with the status of an object."""
    if text_of(found, "status") in ("", "active", "tobedeleted"):
        return None
    return Trouble("unknown_status", "the status is neither active nor tobedeleted", "status")


def _lacking(found: Object, org: Org | None, wording: Wording) -> Trouble | None:
    """What an assignment lacks."""
    if org is None:
        return Trouble("unknown_org", "no org has the sourcedId that the role names", "org.sourcedId")
    if not found["staffClassification"]:
        return _unknown_role()
    if not org.identity:
        return Trouble("no_org_id", f"the org of the role has no {wording.org_id}: have it filled in, or choose another org_id")
    if not found["beginDate"]:
        reason = "the role has no beginDate: say in the source file which day stands for it (begin_date)"
        return Trouble("no_begin_date", reason, "beginDate")
    return None


def _unknown_role() -> Trouble:
    return Trouble("unknown_role", "nothing says what the role is: name it in the source file under roles or not_staff", "role")
