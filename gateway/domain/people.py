"""What a provider's own records say people are called and reached by: what a redaction looks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Told = Literal["given", "family", "full", "e-mail", "phone", "address", "number"]
"""What a value tells of a person; `number` is an id, a login or a handle, with letters or without."""


@dataclass(frozen=True, repr=False)
class KnownPerson:
    """One record's values, each with what it tells. It has no `repr`: nothing of it may be printed."""

    told: tuple[tuple[Told, str], ...]
