"""The kinds of source there are: those of this package, and those that others add by an entry point."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import cast

from connectors.base import Connector
from connectors.delimited import DelimitedKind
from connectors.edfi import EdfiKind
from connectors.file_source import FilesKind
from connectors.kind import Kind
from connectors.oneroster import OneRosterKind
from connectors.oneroster_csv import OneRosterCsvKind
from connectors.push import PushKind
from connectors.rest import RestKind
from connectors.secrets import Secrets
from connectors.source import Source
from connectors.sql import SqlKind
from gateway.errors import ConfigurationError

GROUP = "educator_data_gateway.sources"
_OWN: Mapping[str, Kind] = {
    "delimited": DelimitedKind(),
    "edfi": EdfiKind(),
    "files": FilesKind(),
    "oneroster": OneRosterKind(),
    "oneroster-csv": OneRosterCsvKind(),
    "push": PushKind(),
    "sql": SqlKind(),
    "rest": RestKind(),
}


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by the word behind `kind:`.

    Raises ConfigurationError when a package's entry point cannot be loaded, or takes a word that is taken.
    """
    found = dict(_OWN)
    for point in entry_points(group=GROUP):
        if point.name in found:
            raise ConfigurationError(f"Two packages bring the kind of source {point.name}; uninstall one ({point.value}).")
        try:
            found[point.name] = cast("Kind", point.load())
        except (ImportError, AttributeError) as why:
            raise ConfigurationError(f"The kind of source {point.name} cannot be loaded from {point.value}: {why}.") from why
    return MappingProxyType(found)


def open_source(source: Source, secrets: Secrets) -> Connector:
    """The connector of a source."""
    return kinds()[source.kind].open(source, secrets)
