"""A strict server of AWS KMS's protocol for tests: real AES-GCM, encryption contexts that bind, keys that can be disabled."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALIAS = "alias/gateway"
NONCE = 12


@dataclass
class Kms:
    """One service with keys by their alias; `fault` is answered to everything while it is set."""

    url: str
    keys: dict[str, bytes] = field(default_factory=lambda: {ALIAS: os.urandom(32)})
    disabled: set[str] = field(default_factory=set)
    fault: str | None = None
    asked: int = 0

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Raises `Refused` as the service would."""
        self.asked += 1
        if self.fault:
            raise Refused(self.fault)
        name = asked["KeyId"]
        if name not in self.keys:
            raise Refused("NotFoundException")
        if name in self.disabled:
            raise Refused("DisabledException")
        cipher = AESGCM(self.keys[name])
        context = json.dumps(asked.get("EncryptionContext", {}), sort_keys=True).encode()
        if operation == "TrentService.Encrypt":
            nonce = os.urandom(NONCE)
            sealed = nonce + cipher.encrypt(nonce, base64.b64decode(asked["Plaintext"]), context)
            return {"KeyId": name, "CiphertextBlob": base64.b64encode(sealed).decode()}
        if operation == "TrentService.Decrypt":
            blob = base64.b64decode(asked["CiphertextBlob"])
            try:
                clear = cipher.decrypt(blob[:NONCE], blob[NONCE:], context)
            except InvalidTag as why:
                raise Refused("InvalidCiphertextException") from why
            return {"KeyId": name, "Plaintext": base64.b64encode(clear).decode()}
        raise Refused("UnknownOperationException")


class Refused(Exception):
    """An error by the service's own name of it."""


@contextmanager
def open_kms() -> Iterator[Kms]:
    """Serve on a free port of the loopback."""
    kms = Kms("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                status, told = 200, kms.answer(self.headers["x-amz-target"], body)
            except Refused as why:
                status, told = (500 if str(why) == "KMSInternalException" else 400), {"__type": str(why), "message": "refused"}
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kms.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield kms
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(kms: Kms) -> dict[str, str]:
    """How AWS's client finds it."""
    return {
        "AWS_ENDPOINT_URL_KMS": kms.url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
