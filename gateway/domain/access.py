"""Who asks, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.domain.filtering import Filter, SortBy, comparisons
from gateway.domain.identifiers import AgreementId, ClientId, ElementPath, InstitutionId, ResourceName

Format = Literal["json", "ndjson", "csv", "parquet", "arrow"]
Operation = Literal["read", "feed", "export"]
"""A page of what is there, what changed, or all of it at once."""
Scalar = str | int | float | bool
"""A typed value of one element; dates and times are ISO text."""


FINDER, OPERATOR = ClientId("finder"), ClientId("operator")
"""Who acts where no client does: the gateway itself for a finder file, and whoever types commands. No client has these names."""


@dataclass(frozen=True)
class Principal:
    """An authenticated client, bound to one institution and to the purposes it may name.

    `credential_until` is the UTC time at which the credential that it showed is retired, None where that is not planned.
    """

    client: ClientId
    institution: InstitutionId
    purposes: frozenset[str]
    default_purpose: str
    scopes: frozenset[str]
    token_id: str
    key_thumbprint: str | None
    credential_until: str | None = None

    @property
    def on_the_log(self) -> dict[str, str]:
        """The members by which a leaf of the log names it."""
        return {
            "client": self.client,
            "institution": self.institution,
            "token": self.token_id,
            "key": self.key_thumbprint or "secret",
        }


@dataclass(frozen=True)
class AccessRequest:
    """One request for a page of one resource, before anything is known to be permitted.

    `filters` are (element path, text as the client wrote it), one equality each, which hold beside `filter`; `cursor` is the
    sealed text of a page beside this one, `as_of` that of the version to read, `since` that of the changes the client knows;
    `limit` is 1 to 1000 records; `count` asks how many records there are on all pages, `expand` for records of other resources
    beside each; `head` that the page is described and not sent; `known` are the tags of pages that the client has (`*`: any).
    """

    resource: ResourceName
    purpose: str
    provider: InstitutionId | None = None
    agreement: AgreementId | None = None
    select: tuple[ElementPath, ...] = ()
    filters: tuple[tuple[ElementPath, str], ...] = ()
    cursor: str | None = None
    limit: int = 100
    request_id: str = ""
    format: Format = "json"
    as_of: str | None = None
    operation: Operation = "read"
    since: str | None = None
    head: bool = False
    known: tuple[str, ...] = ()
    filter: Filter | None = None
    sort: tuple[SortBy, ...] = ()
    count: bool = False
    expand: tuple[ResourceName, ...] = ()

    @property
    def compared(self) -> frozenset[ElementPath]:
        """Every element that the client compares with something."""
        return frozenset({path for path, _ in self.filters} | {comparison.path for comparison in comparisons(self.filter)})
