"""OAuth 1.0a without tokens (RFC 5849, "two-legged"): each request is signed anew with a key and a secret, its query included."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Literal, cast

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from connectors.http import Sign
from gateway.errors import IngestError

# It writes what it signs, whose query may hold a record's value.
logging.getLogger("oauthlib").setLevel(logging.WARNING)


def signer(key: str, secret: str) -> Sign:
    """What signs a request by HMAC-SHA256. It raises IngestError for an address that OAuth cannot sign."""
    client = Client(key, client_secret=secret, signature_method=SIGNATURE_HMAC_SHA256)

    def sign(method: str, address: str) -> Mapping[str, str]:
        try:
            _, headers, _ = client.sign(address, http_method=cast("Literal['GET', 'POST']", method))
        except ValueError:
            # Not `from why`: it quotes the query.
            raise IngestError("The source gave an address whose query is not encoded as OAuth 1.0a needs it.") from None
        return {"Authorization": headers["Authorization"]}

    return sign
