"""Seal the ids by which a recipient knows the people of its roster, each bound to its roster and to the record it stands for."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.identifiers import RecordId
from gateway.domain.rosters import RosterKey
from gateway.keys.seal import DataKey, DataKeys, Sealer

TABLE = "roster_line"


class OwnIdSealer:
    """Seals and opens the own ids of one roster under the provider's data key."""

    def __init__(self, keys: DataKey | DataKeys, roster: RosterKey) -> None:
        self._sealer = Sealer(keys, TABLE)
        self._roster = roster
        self._place = _place(roster)

    def seal(self, own_id: str, record: RecordId) -> bytes:
        return self._sealer.seal(own_id.encode(), place_in_roster(self._roster, record))

    def unseal_each(self, sealed: Sequence[bytes | None], records: Sequence[int | None]) -> list[str | None]:
        """The ids in order; None where the roster has none. Raises `IntegrityError` for an id that stands elsewhere than it was
        sealed for."""
        places = ((-1 if record is None else record,) for record in records)
        return [None if own_id is None else own_id.decode() for own_id in self._sealer.unseal_each(sealed, self._place, places)]


def place_in_roster(roster: RosterKey, record: RecordId) -> str:
    """What the id of a record in a roster is bound to."""
    return f"{_place(roster)}|{record}"


def _place(roster: RosterKey) -> str:
    return f"{roster.provider}|{roster.agreement}|{roster.schedule}|{roster.key_space}"
