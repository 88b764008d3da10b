"""What a steward decided about a free text that the redaction was not certain of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.domain.identifiers import ElementPath, ResourceName

Outcome = Literal["released", "withheld"]
TextKey = tuple[ElementPath, tuple[int, ...]]
"""An element and where its text stands: record, version and, in a collection, ordinal."""


@dataclass(frozen=True)
class TextDecision:
    """Good for one text, which is this version of a record's, and for what was to be seen of it: `source` and `redacted` are their
    digests under a key of the provider. Where either is another now, nothing is decided."""

    resource: ResourceName
    key: TextKey
    source: bytes
    redacted: bytes
    outcome: Outcome
