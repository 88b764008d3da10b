"""Where an Ed-Fi API has a resource, and its rows in the catalog's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from connectors.edfi_api import EdfiApi
from connectors.edfi_words import plain
from connectors.json_rows import Json, json_table
from connectors.rows import Table
from connectors.source import ResourceRule

_TPDM = frozenset(
    {
        "candidates",
        "candidateEducatorPreparationProgramAssociations",
        "educatorPreparationPrograms",
        "evaluations",
        "financialAids",
        "performanceEvaluationRatings",
        "surveyResponsePersonTargetAssociations",
    }
)
"""What Data Standard 5 has under `/tpdm`; what it lacks besides (`fieldworkExperiences`, `applications`) it has nowhere."""


@dataclass(frozen=True)
class EdfiOrigin:
    """A collection: `path` below the data API (empty: where the data standard has it), and the rows that are asked for."""

    path: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


def path_of(rule: ResourceRule, api: EdfiApi) -> str:
    """Where the data standard of a server has a resource, unless the source file says it."""
    said = cast("EdfiOrigin", rule.origin).path
    return said or f"{'tpdm' if api.discovery.has_tpdm and rule.resource in _TPDM else 'ed-fi'}/{rule.resource}"


def items(rule: ResourceRule, api: EdfiApi, window: Mapping[str, str]) -> Iterator[Json]:
    """Every object that the filters and the window choose."""
    filters = {**cast("EdfiOrigin", rule.origin).filters, **window}
    return (plain(item) for page in api.collection(path_of(rule, api), filters) for item in page)


def records(rule: ResourceRule, api: EdfiApi, window: Mapping[str, str]) -> Table:
    """The same as rows."""
    return json_table(rule, enumerate(items(rule, api, window), start=1))
