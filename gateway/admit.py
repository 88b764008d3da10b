"""Admit: whether anything of a provider may be taken in today. Who runs the gateway sees it all, so that is agreed on first."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.identifiers import InstitutionId
from gateway.errors import IngestError
from gateway.store.engine import Connection
from gateway.store.operations import Standing, operations_of


def admit(connection: Connection, provider: InstitutionId, now: datetime) -> None:
    """Raises `IngestError`, which says what to do, unless an operation agreement of the provider is in force today in its own
    time zone (34 CFR 99.31(a)(1)(i)(B), or the provider runs the gateway itself)."""
    standings = operations_of(connection, provider, now)
    if any(standing.in_force for standing in standings):
        return
    if not standings:
        raise IngestError(
            f"No agreement says who runs the gateway for {provider}, so nothing of it is pulled. Write one of kind operation "
            "(policies/agreements/README.md, Who runs the gateway) and put it in force: gateway agreement activate FILE"
        )
    raise IngestError(f"{_why(standings[-1])} Until then nothing of {provider} is pulled.")


def _why(last: Standing) -> str:
    name = f"The operation agreement {last.agreement} (version {last.version})"
    if last.state == "suspended":
        return f"{name} is suspended. Resume it: gateway agreement resume {last.agreement}"
    if last.state != "in_force":
        return f"{name} is {last.state}. Put one in force: gateway agreement activate FILE"
    if last.today < last.first:
        return f"{name} begins on {last.first}; it is {last.today} there."
    return f"{name} ended on {last.last}. Put a new version in force: gateway agreement activate FILE"
