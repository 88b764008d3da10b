"""What the decision needs from a policy engine; both engines answer alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Pdp(Protocol):
    """A policy engine with one bundle."""

    @property
    def digest(self) -> str:
        """The bundle's digest, 64 hexadecimal characters; it stands in every decision's audit entry."""
        ...

    def evaluate(self, facts: Mapping[str, object]) -> object:
        """The policy's answer to `facts` (its `input`), as a JSON tree; None where the policy says nothing.

        Raises `Unavailable` when there is no answer in time.
        """
        ...
