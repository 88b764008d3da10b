"""Naming: which elements of the catalog say what people are called and how they are reached; a redaction looks for their values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.catalog.model import Catalog, Resource
from gateway.domain.identifiers import ElementPath, ResourceName
from gateway.domain.people import Told

TOLD: Mapping[str, Told] = {
    "firstName": "given",
    "middleName": "given",
    "preferredFirstName": "given",
    "lastSurname": "family",
    "maidenName": "family",
    "preferredLastSurname": "family",
    "fullName": "full",
    "electronicMailAddress": "e-mail",
    "telephoneNumber": "phone",
    "streetNumberName": "address",
    "addressLine1": "address",
    "addressLine2": "address",
    "addressLine3": "address",
    "addressLine4": "address",
    "candidateIdentifier": "number",
    "contactUniqueId": "number",
    "credentialIdentifier": "number",
    "loginId": "number",
    "personId": "number",
    "staffUniqueId": "number",
    "studentUniqueId": "number",
    "surveyResponseIdentifier": "number",
}
"""By the element's own name, what its value tells."""

TELLS_NOBODY = frozenset(
    {
        "apartmentRoomSuiteNumber",
        "buildingSiteNumber",
        "generationCodeSuffix",
        "latitude",
        "longitude",
        "personalTitlePrefix",
        "profileThumbnail",
    }
)
"""Direct identifiers that are in no text as they are, or in any."""

_NAMES = frozenset({"given", "family", "full"})


def naming_elements(catalog: Catalog) -> Mapping[ResourceName, Mapping[ElementPath, Told]]:
    """Of each resource that names people, the elements that a redaction looks for."""
    found = {resource.name: _told(resource) for resource in catalog.resources.values()}
    return MappingProxyType({name: told for name, told in found.items() if _NAMES & set(told.values())})


def _told(resource: Resource) -> Mapping[ElementPath, Told]:
    sealed = (element for element in resource.every_element() if element.sealed and element.sensitivity == "direct_identifier")
    named = {element.path: TOLD.get(element.path.rpartition(".")[2]) for element in sealed}
    return MappingProxyType({path: told for path, told in named.items() if told is not None})
