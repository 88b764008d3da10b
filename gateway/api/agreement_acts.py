"""What each agreement route does with a request that was admitted, and the JSON that it answers with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.agreements.attest import Attestation, attest
from gateway.agreements.check import check_source
from gateway.agreements.desk import AgreementDesk, assert_visible
from gateway.agreements.lifecycle import Change
from gateway.agreements.move import PlainVerb, move
from gateway.agreements.propose import chosen_of, propose
from gateway.agreements.record_signature import Signed
from gateway.agreements.sign import sign
from gateway.agreements.signature_file import decoded_signature, read_signature
from gateway.agreements.view import history, view
from gateway.domain.access import Principal
from gateway.domain.identifiers import AgreementId
from gateway.errors import FileErrors, FileRefused, RequestError
from gateway.store.agreements import StoredVersion
from gateway.store.signatures import agreements_of, list_signatories

MOST, USUAL = 1000, 100
LONGEST_PARAMETER = 2_000
FILE = "agreement.yaml"
"""What a file that was sent is called in messages about it."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Call:
    """One admitted request: its parameters, its body, the agreement that its path names, and the desk."""

    parameters: Mapping[str, str]
    body: bytes
    agreement: str
    desk: AgreementDesk

    @property
    def id(self) -> AgreementId:
        return AgreementId(self.agreement)

    def whole(self, name: str, most: int = 1_000_000) -> int | None:
        """A parameter that is a whole number of at least 1, None when it is left out."""
        text = self.parameters.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
            raise RequestError(f"`{name}` is a whole number from 1 to {most}.")
        return int(text)

    def day(self, name: str) -> date | None:
        """A parameter that is a day, None when it is left out."""
        text = self.parameters.get(name)
        if text is None:
            return None
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise RequestError(f"`{name}` is a day as in 2026-06-30.")


def parameters_of(pairs: Iterable[tuple[str, str]], allowed: tuple[str, ...]) -> Mapping[str, str]:
    """The parameters by name. Raises `RequestError` for one that is unknown or stands twice."""
    found: dict[str, str] = {}
    for name, text in pairs:
        if name not in allowed:
            raise RequestError(f"This address takes {', '.join(f'`{known}`' for known in allowed) or 'no parameters'}.")
        if name in found:
            raise RequestError(f"`{name}` stands twice; write it once.")
        if len(text) > LONGEST_PARAMETER or _CONTROL.search(text):
            raise RequestError(f"`{name}` is too long or holds control characters.")
        found[name] = text
    return found


def listed(call: Call, principal: Principal) -> object:
    limit = call.whole("limit", MOST) or USUAL
    with call.desk.registry.database.read() as connection:
        found = agreements_of(connection, principal.institution, call.parameters.get("after", ""), limit + 1)
    titles = {name: document["title"] for name, _, document in found}
    shown_ids = list(titles)[:limit]
    versions = {name: [_version(version) for other, version, _ in found if other == name] for name in shown_ids}
    parties = {name: list(version.parties) for name, version, _ in found}
    data = [{"agreement": name, "title": titles[name], "parties": parties[name], "versions": versions[name]} for name in shown_ids]
    return {"data": data, "next": shown_ids[-1] if len(titles) > limit else None}


def shown(call: Call, principal: Principal) -> object:
    assert_visible(call.id, principal, call.desk)
    with call.desk.registry.database.read() as connection:
        found = view(connection, call.id, call.whole("version"), principal.institution)
    signatures = [
        {
            "institution": one.signature.institution,
            "method": one.signature.method,
            "signer": one.signature.signer,
            "at": one.signature.at,
            "evidence": one.signature.evidence,
            "valid": one.holds,
            "finding": one.finding,
        }
        for one in found.signatures
    ]
    return {
        "agreement": found.agreement,
        **_version(found.version),
        "parties": list(found.version.parties),
        "missing": list(found.missing),
        "signatures": signatures,
        "versions": [_version(version) for version in found.versions],
        "document": found.document,
    }


def happened(call: Call, principal: Principal) -> object:
    assert_visible(call.id, principal, call.desk)
    with call.desk.registry.database.read() as connection:
        found = history(connection, call.id, principal.institution)
    return {"data": [{"at": one.at, "version": one.version, "what": one.what, "by": one.actor, "more": one.why} for one in found]}


def signatories(call: Call, principal: Principal) -> object:
    with call.desk.registry.database.read() as connection:
        found = list_signatories(connection, principal.institution)
    return {
        "data": [
            {
                "id": one.id,
                "role": one.role,
                "name": one.name,
                "title": one.title,
                "public_jwk": one.public_jwk,
                "since": one.created_at,
                "retired_at": one.retired_at,
            }
            for one in found
        ]
    }


def proposed(call: Call, principal: Principal, change: Change) -> object:
    only = [name for name in call.parameters.get("only", "").split(",") if name]
    try:
        text = call.body.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise RequestError("The file is not UTF-8.") from why
    try:
        with call.desk.law() as law:
            agreements = chosen_of(check_source(text, FILE, call.desk.catalog, law).good(), only)
    except FileErrors as why:
        raise FileRefused(why.problems) from why
    proposals = propose(agreements, change, call.desk.registry)
    return {
        "data": [
            {
                "agreement": one.agreement,
                "version": one.version,
                "digest": one.digest,
                "parties": list(one.parties),
                "amends": one.amends,
                "changed": one.changed,
            }
            for one in proposals
        ]
    }


def signature(call: Call, principal: Principal, change: Change) -> object:
    signed = read_signature(call.body)
    if signed.statement.agreement != call.agreement:
        raise RequestError("The signature file is of another agreement than the address.")
    if signed.statement.institution != principal.institution:
        raise RequestError("The signature file is of another institution. Each signs for itself, by its own client.")
    return _signed(sign(signed, change, call.desk.registry))


def attestation(call: Call, principal: Principal, change: Change) -> object:
    steward, signed_on = call.parameters.get("steward", ""), call.day("signed_on")
    if not steward or signed_on is None:
        raise RequestError("Say the `steward` who attests, and the day of the last signature: `signed_on`.")
    made = call.parameters.get("signature")
    stated = Attestation(
        agreement=call.id,
        institution=principal.institution,
        steward=steward,
        document=call.body,
        signed_on=signed_on,
        board_approved=call.day("board_approved"),
        digest=call.parameters.get("digest", ""),
        version=call.whole("version"),
        signature=None if made is None else decoded_signature(made),
    )
    attested = attest(stated, change, call.desk.registry)
    return {**_signed(attested.signed), "document": attested.sha256, "digest_found_in_text": attested.found}


def moved(verb: PlainVerb, call: Call, principal: Principal, change: Change) -> object:
    number = call.whole("version")
    return {"agreement": call.agreement, **_version(move(call.id, verb, change, call.desk.registry, number))}


def _version(version: StoredVersion) -> dict[str, object]:
    return {"version": version.version, "state": version.state, "digest": version.digest}


def _signed(signed: Signed) -> dict[str, object]:
    return {
        "agreement": signed.agreement,
        "version": signed.version,
        "digest": signed.digest,
        "institution": signed.institution,
        "state": signed.state,
        "missing": list(signed.missing),
    }
