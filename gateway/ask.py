"""Ask: put the question that one request raises to the policy, in the one spelling in which it is asked, stored and asked again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import orjson

from gateway.catalog.model import Catalog
from gateway.domain.access import AccessRequest, Principal
from gateway.domain.agreement import PURPOSES, AgreementFacts
from gateway.domain.decision import Question

UNKNOWN = "(unknown)"
"""Stands for a name that the client made up. No institution, agreement, purpose or resource can have it."""


def ask(principal: Principal, request: AccessRequest, facts: AgreementFacts, catalog: Catalog, modules: Sequence[str]) -> Question:
    """The question of one request; `modules` are the state-law modules that are switched on."""
    return question_of(policy_input(principal, request, facts, catalog, modules))


def question_of(asked: Mapping[str, object]) -> Question:
    """A policy's input as a question. The spelling is RFC 8785's as long as numbers are whole or short and member names have
    no character beyond the basic plane, which is so for every input that agreements can give."""
    content = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
    return Question(asked, content, hashlib.sha256(content).hexdigest())


def policy_input(
    principal: Principal, request: AccessRequest, facts: AgreementFacts, catalog: Catalog, modules: Sequence[str]
) -> Mapping[str, object]:
    """The policy's `input` (`policies/INPUT.md`): everything that the decision depends on, so that it can be made again years
    later. It is stored, so what a client made up is not in it: a parameter's name or an id could hold anything."""
    resource = catalog.resource(request.resource)
    purposes = {*PURPOSES, *principal.purposes}
    return {
        "principal": {
            "client": principal.client,
            "institution": principal.institution,
            "purposes": sorted(principal.purposes),
        },
        "request": {
            "resource": UNKNOWN if resource is None else request.resource,
            "purpose": request.purpose if request.purpose in purposes else UNKNOWN,
            "provider": _named(request.provider, facts, "provider"),
            "agreement": _named(request.agreement, facts, "id"),
            # An export is a read without an end, and the policy makes no difference.
            "operation": "feed" if request.operation == "feed" else "read",
            "format": request.format,
            "filters": sorted(path for path in request.compared if resource is not None and resource.element(path)),
        },
        "today": dict(facts.today),
        "modules": list(modules),
        "agreements": [dict(entry) for entry in facts.entries],
    }


def _named(name: str | None, facts: AgreementFacts, member: str) -> str | None:
    """A name as it is where an agreement has it; any other finds nothing, whatever it is."""
    return name if name is None or any(entry[member] == name for entry in facts.entries) else UNKNOWN
