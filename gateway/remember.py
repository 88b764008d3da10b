"""Remember: what a permitted request stood on, for the next one of its kind, as long as none of it can have moved.

Everything a decision is made from moves the state epoch (decision 9) but the time, the policy and what limits count. So what is
remembered is good for one epoch, ends with its minute and with its client's credential, and is good for the policy that made it;
nothing is remembered where a limit is counted, or where the policy may change unseen. A token is verified each time.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.authenticate import TokenVerifier
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.agreement import AgreementFacts
from gateway.domain.decision import Permit, Question
from gateway.domain.times import utc_text
from gateway.errors import IntegrityError
from gateway.pdp.engine import KnownPdp

MOST_REMEMBERED = 1_000
_Key = tuple[tuple[tuple[str, str], ...], AccessRequest]


@dataclass(frozen=True)
class Standing:
    """Who asked, what was asked of the policy from which facts, and what it permitted."""

    principal: Principal
    facts: AgreementFacts
    question: Question
    permit: Permit

    @property
    def entry(self) -> Mapping[str, object]:
        """The entry of the facts that the permit stands on. Raises `IntegrityError` where it is not there."""
        permit = self.permit
        for entry in self.facts.entries:
            if (entry["id"], entry["version"], entry["schedule"]) == (permit.agreement, permit.agreement_version, permit.schedule):
                return entry
        raise IntegrityError("The agreement of a permit is not among the facts it was decided from.")

    @property
    def day(self) -> date:
        """The agreement's day: consents and ages are counted on it."""
        return date.fromisoformat(self.facts.today[str(self.entry["timezone"])])

    @property
    def notice(self) -> str | None:
        """The redisclosure notice of 99.33(d), in the agreement's own words. Raises `IntegrityError` where it has none."""
        if not self.permit.redisclosure_notice:
            return None
        redisclosure = self.entry["redisclosure"]
        if isinstance(redisclosure, Mapping):
            return str(redisclosure["notice"])
        raise IntegrityError("The agreement of a permit has no redisclosure notice.")


class Memory:
    """What one process remembers; threads may share it."""

    def __init__(self, verifier: TokenVerifier, pdp: KnownPdp) -> None:
        self._verifier = verifier
        self._pdp = pdp
        self._lock = threading.Lock()
        self._known: dict[_Key, tuple[Standing, str]] = {}

    def find(self, token: str | None, request: AccessRequest, epoch: int, now: datetime) -> Standing | None:
        """What a request stands on in this epoch, if one of its kind was permitted.

        Raises `AuthenticationError` for a token that is not good.
        """
        if not token:
            return None
        known = self._known.get(self._key(token, request, now))
        if known is None:
            return None
        standing, until = known
        by = (standing.permit.bundle_digest, standing.permit.operator_digest)
        if standing.facts.epoch != epoch or utc_text(now) >= until or by != (self._pdp.digest, self._pdp.operator_digest):
            return None
        return standing

    def keep(self, token: str | None, request: AccessRequest, standing: Standing, now: datetime) -> None:
        """Remember what a request stood on, where that cannot move without the epoch."""
        if not token or not self._pdp.lasting or any("usage" in entry for entry in standing.facts.entries):
            return
        until = utc_text(now.replace(second=0, microsecond=0) + timedelta(minutes=1))
        if standing.principal.credential_until is not None:
            until = min(until, standing.principal.credential_until)
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[self._key(token, request, now)] = standing, until

    def _key(self, token: str, request: AccessRequest, now: datetime) -> _Key:
        """The token's claims, and the request without what no decision looks at: of a filter it is told the names."""
        compared = tuple((path, "") for path in sorted(request.compared))
        named = AccessRequest(
            request.resource,
            request.purpose,
            request.provider,
            request.agreement,
            filters=compared,
            format=request.format,
            operation=request.operation,
        )
        return tuple(self._verifier.claims(token, now).items()), named
