"""Read how things stand, for the rules that look at that instead of at entries."""

from __future__ import annotations

from datetime import date

from gateway.agreements.lifecycle import LIVE
from gateway.alerts.stand import Ending, Standing
from gateway.store.alerts import last_cosigned
from gateway.store.engine import Connection
from gateway.store.signatures import documents_in
from gateway.store.turns import freshness


def read_standing(connection: Connection, log_id: int) -> Standing:
    """How things stand in one snapshot. Certifications of destruction are not recorded anywhere yet, so none is ever due."""
    endings = [
        Ending(name, version.version, version.parties, date.fromisoformat(document["term"]["until"]), str(document["timezone"]))
        for name, version, document in documents_in(connection, LIVE)
    ]
    return Standing(endings, (), last_cosigned(connection, log_id), list(freshness(connection)))
