"""What an Ed-Fi API says, in the catalog's words: Data Standard 6, whatever version the server has."""

from __future__ import annotations

from connectors.json_rows import Json

OLD_NAMESPACE, NAMESPACE = "uri://tpdm.ed-fi.org/", "uri://ed-fi.org/"
_NOT_RECORDS = frozenset({"id", "_etag", "_lastModifiedDate", "link", "_ext"})


def plain(item: dict[str, Json]) -> Json:
    """The record alone: without the server's own members, an extension's members beside the core's, and what Data Standard 5 calls
    otherwise under its later name."""
    extensions = item.get("_ext")
    found = {name: value for name, value in item.items() if name not in _NOT_RECORDS}
    if isinstance(extensions, dict):
        for extension in extensions.values():
            if isinstance(extension, dict):
                found = {**extension, **found}
    results = found.get("results")
    if isinstance(results, list):
        found["results"] = [_later_words(result) for result in results]
    return with_later_descriptors({name: _unlinked(name, value) for name, value in found.items()})


def with_later_descriptors(found: Json, name: str = "") -> Json:
    """With every descriptor of the older namespace as that of the newer. A descriptor is what stands in a member of such a name: a
    text elsewhere, and the `namespace` of a survey, stay as they are."""
    if isinstance(found, dict):
        return {member: with_later_descriptors(value, member) for member, value in found.items()}
    if isinstance(found, list):
        return [with_later_descriptors(item, name) for item in found]
    if isinstance(found, str) and name.casefold().endswith("descriptor") and found.startswith(OLD_NAMESPACE):
        return NAMESPACE + found.removeprefix(OLD_NAMESPACE)
    return found


def _unlinked(name: str, value: Json) -> Json:
    if name.endswith("Reference") and isinstance(value, dict):
        return {member: text for member, text in value.items() if member != "link"}
    return value


def _later_words(result: Json) -> Json:
    if isinstance(result, dict) and "rating" in result and "numericRating" not in result:
        return {**result, "numericRating": result["rating"]}
    return result
