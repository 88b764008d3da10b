"""Look-up: which sealed elements have a blind index, by which an agreement's partner may find them where they are shared.

Identifiers, e-mail addresses and telephone numbers: their values are many and each is few people's. None for names, addresses and
the like: how often a digest stands there would tell which name it is.
"""

from __future__ import annotations

from gateway.catalog.load import sql_name
from gateway.catalog.model import Element

LOOKED_UP = frozenset(
    {
        "applicantProfileIdentifier",
        "applicationIdentifier",
        "candidateIdentifier",
        "contactUniqueId",
        "credentialIdentifier",
        "electronicMailAddress",
        "fieldworkIdentifier",
        "loginId",
        "personId",
        "staffUniqueId",
        "studentUniqueId",
        "surveyResponseIdentifier",
        "telephoneNumber",
    }
)
"""By the element's own name."""


def index_column(element: Element) -> str | None:
    """The SQL name of the element's blind index; None where it has none."""
    if not element.sealed or element.path.rpartition(".")[2] not in LOOKED_UP:
        return None
    return sql_name(f"{element.column}_index")
