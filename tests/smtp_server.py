"""A real SMTP server on the loopback (aiosmtpd), with TLS and passwords: a test says what it refuses, and sees what came."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = "gateway", "hunter2"


@dataclass
class SmtpServer:
    """A running server: where it is, what it took (recipients, message), whom it refuses, what it says to every message."""

    port: int = 0
    implicit: bool = False
    took: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    says: str = "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if address in self.refuses:
            return f"550 no such person as {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        assert self.implicit or session.ssl is not None, "a message in clear"
        if self.says.startswith("250"):
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.took.append((list(envelope.rcpt_tos), message))
        return self.says


@contextmanager
def smtp_server(certificate: Path, *, starttls: bool = True, implicit: bool = False) -> Iterator[SmtpServer]:
    """A server that speaks STARTTLS (or `implicit` TLS) with this certificate and key, and takes mail of `USER` only."""
    found = SmtpServer(implicit=implicit)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    offered = starttls and not implicit

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, told: Any) -> AuthResult:
        right = isinstance(told, LoginPassword) and (told.login, told.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            found,
            hostname="mail.example.org",
            tls_context=context if offered else None,
            require_starttls=offered,
            authenticator=authenticate,
            auth_required=offered,  # of the others it warns
            auth_require_tls=offered,
            loop=loop,
        )

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(protocol, "127.0.0.1", 0, ssl=context if implicit else None))
    found.port = server.sockets[0].getsockname()[1]
    running = threading.Thread(target=loop.run_forever)
    running.start()
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        server.close()
        loop.run_until_complete(_end(loop))
        loop.close()


async def _end(loop: asyncio.AbstractEventLoop) -> None:
    """Let the connections that are open still end."""
    others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
