"""Token service: a client ends one of its access tokens before its time (RFC 7009), effective on the next answer anywhere."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.authenticate import LONGEST_SECONDS, TokenVerifier
from gateway.domain.auditing import AuditEvent
from gateway.errors import AuthenticationError
from gateway.prove_client import Refusal, TokenRequestRefused, TokenService, confirm, fields_of, invalid, prove_client, who
from gateway.store.clients import write_proof, write_revocation

KEPT_SECONDS = LONGEST_SECONDS + 60
"""No token lives longer than this from now, so that none outlives the note that it is revoked."""


def revoke_token(
    form: Sequence[tuple[str, str]], authorization: str | None, service: TokenService, verifier: TokenVerifier
) -> None:
    """Authenticate a client as for a new token and revoke the `token` of the form. A token that is not good (any more) needs
    nothing done and is no error (RFC 7009, 2.2).

    Raises `ClientRefused`, or `TokenRequestRefused` for a request without a token or for another client's, after the refusal
    is counted or durable; `Unavailable` when the log or the database is out of reach.
    """
    now = service.clock()
    with prove_client(service, now) as attempt:
        fields = fields_of(form)
        if not fields.get("token"):
            raise invalid("Send the access token to revoke as `token`, in a body of type application/x-www-form-urlencoded.")
        proved = attempt.prove(fields, authorization)
        try:
            claims = verifier.claims(fields["token"], now)
        except AuthenticationError:
            claims = None
        if claims is not None and claims["client_id"] != proved.client.client:
            raise Refusal("another_clients_token", TokenRequestRefused("invalid_grant", "The token is not one of this client."))
        token_id = claims["jti"] if claims else None
        leaf = {**who(proved.client, proved.method), "credential": proved.credential.credential, "token": token_id or "not good"}
        event = AuditEvent(kind="token_revocation", leaf=leaf, institutions=(proved.client.institution,))
        with service.database.write() as connection:
            forget = confirm(connection, proved, now)
            if token_id is not None:
                seconds = int(now.timestamp())
                write_revocation(connection, token_id, seconds + KEPT_SECONDS, seconds)
            write_proof(connection, proved.client.client, forget_failures=forget, event=event, append_in=service.log.append_in)
