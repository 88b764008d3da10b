"""Which member of OneRoster feeds which element of the catalog, and which members are no news."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.kind import Preset
from connectors.source import CollectionRule, ColumnRule
from gateway.domain.identifiers import ResourceName

STAFFS, SCHOOLS, DISTRICTS = ResourceName("staffs"), ResourceName("schools"), ResourceName("localEducationAgencies")
ASSIGNMENTS = ResourceName("staffEducationOrganizationAssignmentAssociations")
SECTIONS, TEACHING = ResourceName("sections"), ResourceName("staffSectionAssociations")
_OBJECT = {"sourcedId", "status", "dateLastModified", "metadata"}
_USER = {
    *("enabledUser", "givenName", "familyName", "middleName", "preferredFirstName", "preferredMiddleName", "preferredLastName"),
    *("username", "userIds", "userMasterIdentifier", "userProfiles", "identifier", "pronouns", "email", "sms", "phone", "agents"),
    *("grades", "roles", "role", "orgs", "primaryOrg", "resources"),
}
_ORG = {"name", "type", "identifier", "parent", "children"}
_ROLE = {"roleType", "role", "org", "userProfile", "beginDate", "endDate"}
_CLASS = {
    *("title", "classCode", "classType", "location", "grades", "subjects", "course", "school", "terms", "subjectCodes"),
    *("periods", "resources"),
}
_ENROLMENT = {"user", "class", "school", "role", "primary", "beginDate", "endDate"}
_CSV = {
    *("orgSourcedId", "orgSourcedIds", "parentSourcedId", "agentSourcedIds", "primaryOrgSourcedId"),
    *("userSourcedId", "userProfileSourcedId", "classSourcedId", "courseSourcedId", "schoolSourcedId", "termSourcedIds"),
}
_ADDED = {
    *("staffUniqueId", "educationOrganizationId", "districtId", "categories", "staffClassification", "orderOfAssignment", "user"),
    *("sectionIdentifier", "localCourseCode", "schoolId", "schoolYear", "sessionName", "gradeLevels", "classroomPosition"),
}
KNOWN: Mapping[ResourceName, set[str]] = {
    STAFFS: _OBJECT | _USER | _CSV | _ADDED,
    SCHOOLS: _OBJECT | _ORG | _CSV | _ADDED,
    DISTRICTS: _OBJECT | _ORG | _CSV | _ADDED,
    ASSIGNMENTS: _OBJECT | _ROLE | _CSV | _ADDED,
    SECTIONS: _OBJECT | _CLASS | _CSV | _ADDED,
    TEACHING: _OBJECT | _ENROLMENT | _CSV | _ADDED,
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
    SECTIONS: {
        "sectionIdentifier": "sectionIdentifier",
        "localCourseCode": "courseOfferingReference.localCourseCode",
        "schoolId": "courseOfferingReference.schoolId",
        "schoolYear": "courseOfferingReference.schoolYear",
        "sessionName": "courseOfferingReference.sessionName",
        "title": "sectionName",
    },
    TEACHING: {
        "staffUniqueId": "staffReference.staffUniqueId",
        "sectionIdentifier": "sectionReference.sectionIdentifier",
        "localCourseCode": "sectionReference.localCourseCode",
        "schoolId": "sectionReference.schoolId",
        "schoolYear": "sectionReference.schoolYear",
        "sessionName": "sectionReference.sessionName",
        "beginDate": "beginDate",
        "endDate": "endDate",
        "classroomPosition": "classroomPositionDescriptor",
    },
}
_CATEGORY = (ColumnRule("category", ("educationOrganizationCategoryDescriptor",)),)
_LISTS: Mapping[ResourceName, CollectionRule] = {
    SCHOOLS: CollectionRule("educationOrganizationCategories", _CATEGORY, each="categories"),
    DISTRICTS: CollectionRule("categories", _CATEGORY, each="categories"),
    SECTIONS: CollectionRule("offeredGradeLevels", (ColumnRule("gradeLevel", ("gradeLevelDescriptor",)),), each="gradeLevels"),
}
RESOURCES = tuple(_COLUMNS)
"""What OneRoster has of the catalog."""


def preset(resource: ResourceName) -> Preset | None:
    """Which member feeds which element; None for a resource that OneRoster does not have."""
    if resource not in _COLUMNS:
        return None
    return Preset(
        columns=tuple(ColumnRule(member, (element,)) for member, element in _COLUMNS[resource].items()),
        collections=(_LISTS[resource],) if resource in _LISTS else (),
    )
