"""Read what a source file says of OneRoster beside where it is: how its words become the catalog's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from connectors.kind import Origin
from connectors.oneroster_presets import ASSIGNMENTS, RESOURCES, STAFFS, TEACHING
from connectors.oneroster_words import NOT_STAFF, CourseId, OrgId, SectionId, StaffId, Wording
from gateway.domain.identifiers import ResourceName
from gateway.domain.yaml_nodes import Entry, NodeReader

WORDING_MEMBERS = ("staff_id", "org_id", "section_id", "course_id", "begin_date", "roles", "not_staff", "grades")
FILTERED: Mapping[ResourceName, str] = {STAFFS: "users", ASSIGNMENTS: "users", TEACHING: "enrollments"}
"""Which collection a filter chooses from. None for orgs and classes: they are needed for what names them also when they are not
themselves a record."""
_NEVER = NOT_STAFF - {"proctor"}


def read_wording(reader: NodeReader, top: Mapping[str, Entry]) -> Wording:
    """What a source file settles about identifiers, begin dates, roles and grades."""
    standard = Wording()
    staff_id = reader.choice(top["staff_id"].value, "staff_id", get_args(StaffId)) if "staff_id" in top else None
    org_id = reader.choice(top["org_id"].value, "org_id", get_args(OrgId)) if "org_id" in top else None
    section_id = reader.choice(top["section_id"].value, "section_id", get_args(SectionId)) if "section_id" in top else None
    course_id = reader.choice(top["course_id"].value, "course_id", get_args(CourseId)) if "course_id" in top else None
    begin = reader.day(top["begin_date"].value, "begin_date") if "begin_date" in top else None
    roles = _roles(reader, top["roles"]) if "roles" in top else {}
    others = frozenset(reader.texts(top["not_staff"].value, "not_staff")) if "not_staff" in top else frozenset()
    for role in sorted(others & roles.keys()):
        reader.problem(top["not_staff"].value, f'"{role}" stands under both roles and not_staff', "keep one of them")
    return Wording(
        cast("StaffId | None", staff_id) or standard.staff_id,
        cast("OrgId | None", org_id) or standard.org_id,
        "" if begin is None else begin.isoformat(),
        roles,
        others,
        cast("SectionId | None", section_id) or standard.section_id,
        cast("CourseId | None", course_id) or standard.course_id,
        _grades(reader, top["grades"]) if "grades" in top else {},
    )


def read_resource_origin(reader: NodeReader, resource: Entry, name: str, detail: object) -> Origin | None:
    """The origin of a resource that OneRoster has; another is a problem."""
    if resource.name in RESOURCES:
        return Origin(name, detail)
    reader.problem(
        resource.key, f"OneRoster has nothing that the gateway reads as {resource.name}", f"what it has: {', '.join(RESOURCES)}"
    )
    return None


def _roles(reader: NodeReader, entry: Entry) -> Mapping[str, str]:
    found = {}
    for role in reader.entries(entry.value, "roles").values():
        meant = reader.words(role.value, role.name)
        if role.name in _NEVER:
            reader.problem(role.key, f"{role.name} is no role of staff", "take it out of roles")
        elif meant is not None:
            found[role.name] = meant
    return found


def _grades(reader: NodeReader, entry: Entry) -> Mapping[str, str]:
    entries = reader.entries(entry.value, "grades").values()
    named = {grade.name: reader.words(grade.value, grade.name) for grade in entries}
    return {grade: level for grade, level in named.items() if level is not None}
