"""PDP elsewhere: an OPA server that serves the same bundle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from opa_client.opa import OpaClient
from requests import RequestException

from gateway.errors import Unavailable

DECISION_SECONDS = 1.0
_PACKAGE, _RULE = "disclosure", "decision"


@dataclass
class Breaker:
    """After `failures` failures in a row nobody asks for `rest` seconds; then one caller tries, and the others wait for it.

    `clock` gives seconds that never run backwards.
    """

    clock: Callable[[], float]
    failures: int = 3
    rest: float = 5.0
    _failed: int = field(default=0, init=False)
    _rest_until: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def admit(self) -> bool:
        """Whether this caller may ask."""
        with self._lock:
            if self._failed < self.failures:
                return True
            now = self.clock()
            if now < self._rest_until:
                return False
            self._rest_until = now + self.rest
            return True

    def succeeded(self) -> None:
        """An answer came."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """No answer came."""
        with self._lock:
            self._failed += 1
            self._rest_until = self.clock() + self.rest


class OpaServerPdp:
    """Asks an OPA server over HTTP, once, for at most a second between bytes (the client's own retries are off).

    `digest` is the bundle's that the server was started with. Threads may share it; each has its own connection.
    """

    def __init__(self, host: str, port: int, digest: str, *, clock: Callable[[], float]) -> None:
        self._host = host
        self._port = port
        self._digest = digest
        self._breaker = Breaker(clock)
        self._mine = threading.local()
        self._clients: list[OpaClient] = []

    @property
    def digest(self) -> str:
        return self._digest

    def evaluate(self, facts: Mapping[str, object]) -> object:
        """The policy's answer; raises `Unavailable` when the server is out of reach, late or failing."""
        if not self._breaker.admit():
            raise Unavailable("The policy engine did not answer before; it is given a moment.")
        try:
            answer = self._client().query_rule(input_data=dict(facts), package_path=_PACKAGE, rule_name=_RULE)
        except (RequestException, ValueError):
            self._breaker.failed()
            # Without the cause: it names the server and can quote its answer.
            raise Unavailable("The policy engine gave no answer.") from None
        self._breaker.succeeded()
        return answer.get("result") if isinstance(answer, dict) else None

    def _client(self) -> OpaClient:
        client: OpaClient | None = getattr(self._mine, "client", None)
        if client is None:
            client = OpaClient(host=self._host, port=self._port, retries=0, timeout=DECISION_SECONDS)
            # What is decided never goes through a proxy that the environment happens to name.
            client._session.trust_env = False
            self._mine.client = client
            self._clients.append(client)
        return client

    def close(self) -> None:
        """Close every thread's connection, after the last question."""
        for client in self._clients:
            client.close_connection()
