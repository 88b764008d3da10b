"""What a decision needs from a policy engine; both engines answer alike."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import orjson

from gateway.domain.decision import Question


@dataclass(frozen=True)
class Answer:
    """What the policy said: `result` is its JSON tree, None where it says nothing. `bundle` is the digest of the policy that said
    it, `operator` that of the operator's rules, None where there are none; 64 hexadecimal characters each."""

    result: object
    bundle: str
    operator: str | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the answer with its members sorted, in hexadecimal: the same answer has the same."""
        return hashlib.sha256(orjson.dumps(self.result, option=orjson.OPT_SORT_KEYS)).hexdigest()


class Pdp(Protocol):
    """Something that decides, by a policy that may be exchanged while it runs."""

    @property
    def digest(self) -> str:
        """The digest of the policy that decides now, for what is refused before any decision."""
        ...

    def decide(self, question: Question) -> Answer:
        """The policy's answer, narrowed by the operator's rules. Raises `Unavailable` when there is none in time."""
        ...

    def problems(self) -> tuple[str, ...]:
        """The names of the checks that do not hold now; empty when all is well. For readiness."""
        ...

    def close(self) -> None:
        """Give back what the engine holds, after the last question."""
        ...


class KnownPdp(Pdp, Protocol):
    """A `Pdp` that tells when an answer of it may be used again."""

    @property
    def operator_digest(self) -> str | None:
        """The digest of the operator's own rules that refuse now; None where there are none."""
        ...

    @property
    def lasting(self) -> bool:
        """Whether a question has the same answer for as long as both digests are the same."""
        ...
