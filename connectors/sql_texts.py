"""What a database gives, as text; and watermarks, as texts that keep their type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from connectors.rows import Fault
from connectors.source import ResourceRule
from gateway.errors import IngestError


def text_of(value: object) -> str | None:
    """A value as text: dates in ISO, decimals without an exponent; None for what has no text (bytes, lists, NaN)."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | UUID():
            return str(value)
        case Decimal():
            return format(value, "f") if value.is_finite() else None
        case float():
            return repr(value) if math.isfinite(value) else None
        case datetime() | date() | time():
            return value.isoformat()
    return None


def fault_of(cells: Sequence[str | None]) -> Fault | None:
    """The fault of the first cell that has no text."""
    at = next((at for at, cell in enumerate(cells) if cell is None), None)
    return None if at is None else Fault("not_text", "the column holds bytes, a list or no number", at)


@dataclass(frozen=True)
class Watermark:
    """A place in a table's own order of changes: a version number, or a time."""

    value: int | Decimal | datetime | str

    @classmethod
    def of(cls, value: object, rule: ResourceRule) -> Watermark:
        """Raises IngestError for a column of another type."""
        if isinstance(value, (bytes, bytearray)):
            value = int.from_bytes(value)  # SQL Server's rowversion
        if isinstance(value, bool) or not isinstance(value, (int, Decimal, datetime, str)):
            raise IngestError(f"{rule.file}: the watermark must be a number or a time that grows; name another column.")
        if isinstance(value, str):
            try:
                datetime.fromisoformat(value)  # SQLite keeps times as text
            except ValueError:
                raise IngestError(f"{rule.file}: the watermark holds texts that are no times; name another column.") from None
        return cls(value)

    @classmethod
    def read(cls, text: str) -> Watermark:
        kind, _, value = text.partition(":")
        match kind:
            case "number":
                return cls(int(value))
            case "decimal":
                return cls(Decimal(value))
            case "time":
                return cls(datetime.fromisoformat(value))
        return cls(value)

    def __str__(self) -> str:
        match self.value:
            case int():
                return f"number:{self.value}"
            case Decimal():
                return f"decimal:{self.value}"
            case datetime():
                return f"time:{self.value.isoformat()}"
        return f"text:{self.value}"


def earlier(mark: Watermark, by: timedelta) -> Watermark:
    """A time so much earlier; a number as it is."""
    match mark.value:
        case datetime():
            return Watermark(mark.value - by)
        case str():
            before = datetime.fromisoformat(mark.value) - by
            finest = "microseconds" if "." in mark.value else "auto"
            return Watermark(before.isoformat(sep=mark.value[10:11] or " ", timespec=finest))
    return mark
