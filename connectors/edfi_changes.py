"""What changed at an Ed-Fi API between two change versions: keys, then what is new or edited, then what was deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

from connectors.base import Page, PositionExpired
from connectors.edfi_api import EdfiApi
from connectors.edfi_origin import EdfiOrigin, path_of, records
from connectors.edfi_paging import Objects
from connectors.edfi_words import with_later_descriptors
from connectors.json_rows import Json
from connectors.mapped import pages_of_changes
from connectors.rows import Table
from connectors.source import ColumnRule, ResourceRule
from gateway.domain.identifiers import ElementPath
from gateway.domain.records import Location, RawRecord
from gateway.errors import IngestError

_PAGE = 500


def tells_changes(rule: ResourceRule) -> bool:
    """Whether change queries tell all that changes in the records of a rule. They do not say which rows no longer meet a filter,
    and name what was deleted by the server's own key; nor does one row tell what becomes of the several that make one record, or of
    the several records that it makes."""
    keys = [column for column in rule.columns if any(path in rule.identity for path in column.elements)]
    own = len(keys) == len(rule.identity) and all(column == ColumnRule(column.column, (column.column,)) for column in keys)
    filters = cast("EdfiOrigin", rule.origin).filters
    return own and not (filters or rule.fold or rule.repeat)


def changes(
    api: EdfiApi, rule: ResourceRule, since: int, until: int, watched: Callable[[Table, ResourceRule], Table]
) -> Iterator[Page]:
    """What changed after one version and up to another; `watched` hands on the table of what is new or edited.

    Raises PositionExpired when the server no longer knows, or when its versions began anew: it was restored from a backup.
    """
    versions = api.newest()
    if versions is None or since + 1 < versions[0] or versions[1] < max(since, until):
        raise PositionExpired
    if until <= since:
        return
    window = {"minChangeVersion": str(since + 1), "maxChangeVersion": str(until)}
    path = path_of(rule, api)
    yield from _renamed(rule, api.by_offsets(f"{path}/keyChanges", window))
    yield from pages_of_changes(watched(records(rule, api, window), rule), rule, ())
    for found in api.by_offsets(f"{path}/deletes", window):
        yield Page((), (), 0, deleted=tuple(_keyed(rule, item.get("keyValues")) for item in found))


def _renamed(rule: ResourceRule, pages: Iterator[Objects]) -> Iterator[Page]:
    """In the order in which the keys were changed: one record may have had several. They are few, and held in memory."""
    items = sorted((item for page in pages for item in page), key=_version)
    renamed = [(_keyed(rule, item.get("oldKeyValues")), _keyed(rule, item.get("newKeyValues"))) for item in items]
    for start in range(0, len(renamed), _PAGE):
        yield Page((), (), 0, rekeyed=tuple(renamed[start : start + _PAGE]))


def _version(item: Mapping[str, Json]) -> int:
    version = item.get("changeVersion")
    return version if isinstance(version, int) else 0


def _keyed(rule: ResourceRule, values: Json) -> RawRecord:
    """The record that the key values of a delete or a changed key name: each value goes to the element of the identity that ends
    with its name."""
    values = with_later_descriptors(values)
    if not isinstance(values, dict):
        raise IngestError(f"{rule.file}: a delete or a changed key says nothing of the record's key; pull everything: --whole.")
    named = {name.casefold(): value for name, value in values.items()}
    elements: dict[ElementPath, str] = {}
    for path in rule.identity:
        steps = path.casefold().split(".")
        value = named.get(steps[-1], named.get("".join(steps).replace("reference", "")))
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise IngestError(f"{rule.file}: a delete or a changed key does not say the record's {path}; pull everything: --whole.")
        elements[ElementPath(path)] = str(value).strip()
    return RawRecord(rule.resource, Location(rule.file, 0), elements)
