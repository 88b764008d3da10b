"""Pull one source: first what people say about their records, then the records, then what the source has that nobody named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connectors.base import Connector, Settling
from connectors.kinds import open_source
from connectors.source import Source
from gateway.app import Gateway, new_id
from gateway.catalog.naming import naming_elements
from gateway.consent.take_in import RightsReport, source_rights, take_in
from gateway.domain.identifiers import ResourceName
from gateway.errors import GatewayError
from gateway.ingest import Drifted, Progress, ResourceReport, ingest, order_of
from gateway.store.agreements import needed_elements
from gateway.store.turns import expect


@dataclass(frozen=True)
class SyncWishes:
    """What somebody wants of one sync beside the usual: `allow_shrink` accepts that much vanished, `whole` pulls everything also
    where the source knows what changed, `only` names the resources."""

    allow_shrink: bool = False
    whole: bool = False
    only: frozenset[ResourceName] = frozenset()


@dataclass(frozen=True)
class SourceReport:
    """What became of a source: its files of consents and opt-outs, its resources, columns by file that its source file does not
    name, and why something was left undone at the source after its records were safe (empty: nothing was)."""

    source: Source
    rights: tuple[RightsReport, ...]
    resources: tuple[ResourceReport, ...]
    drift: Mapping[str, tuple[str, ...]]
    left_undone: str = ""


def _nobody(*_: object) -> None:
    """Told to nobody."""


@dataclass(frozen=True)
class Told:
    """Who is told while a source is pulled: of the rows read so far, of each part when it is done, and of what changed at the
    source since it was last read."""

    progress: Progress = _nobody
    rights: Callable[[RightsReport], None] = _nobody
    resource: Callable[[ResourceReport], None] = _nobody
    drift: Drifted = _nobody


def sync_source(gateway: Gateway, source: Source, wishes: SyncWishes, told: Told) -> SourceReport:
    """Pull a source and promote what changed, one resource at a time.

    Raises GatewayError as `ingest` and `take_in` do; resources that were promoted before stay promoted.
    """
    connector = open_source(source, gateway.secrets())
    rights, resources = [], []
    # First what people say about their records: a new record must not be seen before its opt-out.
    for kind, named_by in connector.rights():
        asked = source_rights(source, kind, named_by, allow_shrink=wishes.allow_shrink, shrink_limit=gateway.settings.shrink_limit)
        rights.append(take_in(asked, connector.pull_rights(kind, named_by), gateway.rights_desk(), new_id))
        told.rights(rights[-1])
    order = order_of(source, allow_shrink=wishes.allow_shrink, whole=wishes.whole, only=wishes.only)
    for report in ingest(order, connector, gateway.intake(), told.progress, told.drift):
        resources.append(report)
        told.resource(report)
    expect_source(gateway, source)
    drift = connector.unmapped()
    whole = not wishes.only and all(report.outcome != "not_stored" for report in resources)
    return SourceReport(source, tuple(rights), tuple(resources), drift, _settled(connector) if whole else "")


def expect_source(gateway: Gateway, source: Source) -> None:
    """Say how old the last good sync of a source's resources may be; of what no agreement needs nothing is stored, so that none is
    expected."""
    late_after = None if source.schedule is None else source.schedule.late_after
    with gateway.database.write() as connection:
        needed = needed_elements(connection, source.provider, naming_elements(gateway.catalog))
        expected = tuple(name for name in source.resources if name in needed)
        expect(connection, source.provider, source.id, expected, late_after)


def _settled(connector: Connector) -> str:
    """Let the source do what is to be done there when all its records are safe; gives why it could not."""
    try:
        if isinstance(connector, Settling):
            connector.settle()
    except GatewayError as why:
        return why.detail
    return ""
