"""What `read` is to fetch: a frozen plan that names nothing the permit does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from gateway.domain.decision import Comparison
from gateway.domain.identifiers import AgreementId, ElementPath, InstitutionId, RecordId, ResourceName
from gateway.domain.narrowing import Compared, Narrowing, Position, SortKey
from gateway.domain.snapshots import Snapshot
from gateway.domain.treatments import RedactText, Treatment

RECORD_COLUMN = "record_id"
"""The column of a row's own surrogate."""
Origin = Literal["column", "generalised", "surrogate", "own_id", "sealed"]
"""Where the treated value starts: a column as it is, made coarser by SQL, a surrogate to encrypt, the recipient's own id from its
roster, or the sealed blob to open."""


@dataclass(frozen=True)
class PlannedElement:
    """One element of the permitted view. `column` is the SQL column it starts from (none for `sealed`);
    `key_space` is set for surrogates; `collection` names the child table, None for the record's own; `type` is that of the treated
    value, which is what a client sees and compares with; `index` is the column of the blind index that a shared sealed element is
    compared by."""

    path: ElementPath
    origin: Origin
    treatment: Treatment
    column: str | None
    key_space: ResourceName | None
    collection: str | None
    type: str = "string"
    index: str | None = None


@dataclass(frozen=True)
class Condition:
    """One typed comparison. In a row scope `column` is a table column; in a filter a column of `permitted`."""

    column: str
    comparison: Comparison
    values: tuple[Compared, ...]


@dataclass(frozen=True)
class RosterScope:
    """The record whose surrogate stands in `column` is in the roster of that key space."""

    column: str
    key_space: ResourceName


@dataclass(frozen=True)
class RelatedScope:
    """The person in `person_column` is also the one in `related_column` of a row of `resource` for which `where` holds and that
    is in `rosters`."""

    resource: ResourceName
    person_column: str
    related_column: str
    where: tuple[Condition, ...]
    rosters: tuple[RosterScope, ...] = ()


@dataclass(frozen=True)
class ConsentScope:
    """The person in `person_column` gave a consent on `form` to `recipient` for `purpose` that is live on the plan's day."""

    person_column: str
    form: str
    recipient: InstitutionId
    purpose: str


@dataclass(frozen=True)
class FrozenScope:
    """A de-identified release: rows of a promoted version, without those that fewer than `smallest_class` share their
    treated `quasi_identifiers` with."""

    version: int
    smallest_class: int
    quasi_identifiers: tuple[ElementPath, ...]


@dataclass(frozen=True)
class QueryPlan:
    """A page of one resource of one provider, on one day of the agreement.

    `permitted` is the whole permitted view, `selected` the part that the client asked for. `scope`, `related`, `rosters` (those of
    the agreement and schedule in `submitted_under`), `consents`, `frozen`, `excluded_persons` (columns of persons whose opted-out
    people are absent) and `excluded_subjects` (columns, and the subject types that are absent) make the sub-query `permitted`;
    `filters`, `narrowing`, `sort`, `after` and `count` are compiled against its columns only. `person_columns` maps each role to
    its column, for the log. The page is of what comes behind `after`, or before it where that says so; `count` asks for the number
    of records on all pages. `pinned` is the version of the records to read
    where that is not the newest, `epoch` that of consents, opt-outs and rosters; `only` narrows the page to the rows
    that have one of these surrogates in a column; `links` are columns of surrogates that come along.
    """

    resource: ResourceName
    provider: InstitutionId
    permitted: tuple[PlannedElement, ...]
    selected: tuple[PlannedElement, ...]
    scope: tuple[Condition, ...]
    excluded_persons: tuple[str, ...]
    person_columns: tuple[tuple[str, str], ...]
    filters: tuple[Condition, ...]
    after: Position | None
    limit: int
    today: date
    related: tuple[RelatedScope, ...] = ()
    rosters: tuple[RosterScope, ...] = ()
    submitted_under: tuple[AgreementId, str] | None = None
    consents: tuple[ConsentScope, ...] = ()
    excluded_subjects: tuple[tuple[str, tuple[str, ...]], ...] = ()
    frozen: FrozenScope | None = None
    code_lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    narrowing: Narrowing | None = None
    sort: tuple[SortKey, ...] = ()
    count: bool = False
    pinned: Snapshot | None = None
    epoch: int | None = None
    only: tuple[str, tuple[RecordId, ...]] | None = None
    links: tuple[str, ...] = ()

    @property
    def redacted(self) -> tuple[ElementPath, ...]:
        """The free text that is selected, which is treated by who is known to the provider."""
        return tuple(element.path for element in self.selected if isinstance(element.treatment, RedactText))

    @property
    def narrows(self) -> bool:
        """Whether a record between two of a page can be outside the permitted view, or outside what was asked."""
        scoped = self.scope or self.related or self.rosters or self.consents or self.excluded_subjects or self.excluded_persons
        return bool(self.filters or self.narrowing or self.sort or scoped or self.frozen or self.only is not None)
