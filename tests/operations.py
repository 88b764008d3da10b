"""Operation agreements for tests: who runs the gateway for a provider, without a file."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import rfc8785

from gateway.domain.agreement import Agreement, Operation, Party, Redisclosure
from gateway.domain.identifiers import AgreementId, InstitutionId

ALWAYS = (date(2020, 1, 1), date(2099, 12, 31))


def operation_agreement(provider: str, term: tuple[date, date] = ALWAYS, timezone: str = "America/Chicago") -> Agreement:
    """A provider that runs the gateway itself."""
    owner, name = InstitutionId(provider), f"{provider}-operation"
    document: dict[str, Any] = {
        "version": 1,
        "kind": "operation",
        "id": name,
        "title": f"{provider} in the gateway",
        "timezone": timezone,
        "term": {"from": term[0].isoformat(), "until": term[1].isoformat()},
        "parties": {provider: {"name": provider.title(), "kind": ["epp"]}},
        "provider": provider,
        "operator": {"self_hosted": True},
    }
    return Agreement(
        id=AgreementId(name),
        title=str(document["title"]),
        timezone=timezone,
        term=term,
        parties={owner: Party(owner, provider.title(), ("epp",))},
        redisclosure=Redisclosure(allowed=False, notice=""),
        grants=(),
        document=document,
        digest=hashlib.sha256(rfc8785.dumps(document)).hexdigest(),
        source_text="",
        operation=Operation(owner, None, None),
    )
