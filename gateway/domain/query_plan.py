"""What `read` is to fetch: a frozen plan that names nothing the permit does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.domain.access import Scalar
from gateway.domain.decision import Comparison
from gateway.domain.identifiers import ElementPath, InstitutionId, RecordId, ResourceName
from gateway.domain.treatments import Treatment

Origin = Literal["column", "year", "surrogate", "sealed"]
"""Where the treated value starts: a column as it is, its year, a surrogate to encrypt, or the sealed blob to open."""


@dataclass(frozen=True)
class PlannedElement:
    """One element of the permitted view. `column` is the SQL column it starts from (none for `sealed`);
    `key_space` is set for surrogates; `collection` names the child table, None for the record's own."""

    path: ElementPath
    origin: Origin
    treatment: Treatment
    column: str | None
    key_space: ResourceName | None
    collection: str | None


@dataclass(frozen=True)
class Condition:
    """One typed comparison. In a row scope `column` is a table column; in a filter a column of `permitted`."""

    column: str
    comparison: Comparison
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class QueryPlan:
    """A page of one resource of one provider.

    `permitted` is the whole permitted view, `selected` the part that the client asked for; `scope` and
    `excluded_persons` (columns of persons whose opted-out people are absent) make the sub-query `permitted`; `filters`
    and `after` are compiled against its columns only. `person_columns` maps each role to its column, for the log.
    """

    resource: ResourceName
    provider: InstitutionId
    permitted: tuple[PlannedElement, ...]
    selected: tuple[PlannedElement, ...]
    scope: tuple[Condition, ...]
    excluded_persons: tuple[str, ...]
    person_columns: tuple[tuple[str, str], ...]
    filters: tuple[Condition, ...]
    after: RecordId | None
    limit: int
