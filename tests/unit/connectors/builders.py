"""Write extracts and rules for the connector's tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.base import Page
from connectors.delimited import DelimitedSource
from connectors.source import ArchiveLimits, ColumnRule, LocalFolder, ResourceRule, Source
from gateway.domain.identifiers import InstitutionId, ResourceName
from gateway.domain.records import RawRecord, Rejection

PEOPLE = ResourceName("people")


def rule(columns: dict[str, str], **parts: Any) -> ResourceRule:
    """A rule for `people` in `people.csv`: column to element."""
    read = tuple(ColumnRule(column, (element,)) for column, element in columns.items())
    return ResourceRule(PEOPLE, "people.csv", read, **parts)


def source_of(location: Path, read: ResourceRule, limits: ArchiveLimits | None = None) -> DelimitedSource:
    """A connector over one resource."""
    resources = {read.resource: read}
    folder = LocalFolder(location, limits or ArchiveLimits())
    return DelimitedSource(Source("extract", InstitutionId("lakeside"), "epp", folder, resources))


def pull(folder: Path, content: bytes, read: ResourceRule) -> list[Page]:
    """The pages of one file with that content; checks that every row is accounted for."""
    (folder / read.file).write_bytes(content)
    pages = list(source_of(folder, read).pull(read.resource))
    unaccounted = [page.unaccounted() for page in pages]
    if any(unaccounted):
        raise AssertionError(f"rows without an outcome: {unaccounted}")
    return pages


def records(pages: list[Page]) -> list[RawRecord]:
    return [record for page in pages for record in page.records]


def rejections(pages: list[Page]) -> list[Rejection]:
    return [rejection for page in pages for rejection in page.rejections]


def rows(pages: list[Page]) -> int:
    return sum(page.rows for page in pages)
