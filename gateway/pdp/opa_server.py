"""PDP elsewhere: an OPA server that serves the same bundle.

Each answer says which revision gave it (OPA's `provenance`, read in the same transaction), and only those of the gateway's own
bundle count: a server with an older or another bundle is as good as none. When the gateway has read a new bundle it takes the old
one's answers for `GRACE_SECONDS` more, until the first answer of the new one; so both can be exchanged without a refused request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opa_client.opa import OpaClient
from requests import RequestException

from gateway.domain.decision import Question
from gateway.errors import Unavailable
from gateway.pdp.bounded import BoundedAdapter
from gateway.pdp.breaker import Breaker
from gateway.pdp.read_bundle import DECISION, Bundle

BETWEEN_BYTES_SECONDS = 1.0
EXCHANGE_SECONDS = 1.2
"""From connecting to the last byte; with what else a request does it is answered within two seconds."""

LARGEST_ANSWER = 4 * 1024 * 1024
QUESTION_SECONDS = 1.3
"""An exchange, and what is left of this for looking whether the gateway's own bundle has changed."""

GRACE_SECONDS = 10.0
NO_ANSWER = "The policy engine gave no answer."


class OpaServerPdp:
    """Asks an OPA server over HTTP, once. Threads may share it; each has its own connection."""

    def __init__(self, host: str, port: int, *, clock: Callable[[], float], seconds: float = EXCHANGE_SECONDS) -> None:
        self._host = host
        self._port = port
        self._seconds = seconds
        self._breaker = Breaker(clock)
        self._mine = threading.local()
        self._clients: list[OpaClient] = []

    def evaluate(self, facts: Mapping[str, object], entrypoint: str = DECISION) -> object:
        """The answer of one entrypoint, whichever policy gave it: for tests of a policy. Raises `Unavailable`."""
        return self.exchange(facts, entrypoint)[0]

    def exchange(self, facts: Mapping[str, object], entrypoint: str = DECISION) -> tuple[object, frozenset[str]]:
        """An answer, None where the policy says nothing, and the revisions of the bundles that the server has.

        Raises `Unavailable` when the server is out of reach, late, failing, or answers what is no JSON object.
        """
        if not self._breaker.admit():
            raise Unavailable("The policy engine did not answer before; it is given a moment.")
        package, _, rule = entrypoint.rpartition("/")
        try:
            given = self._client().query_rule(
                input_data=dict(facts), package_path=package, rule_name=rule, query_params={"provenance": True}
            )
        except (RequestException, ValueError, RecursionError):
            self._breaker.failed()
            # Without the cause: it names the server and can quote its answer.
            raise Unavailable(NO_ANSWER) from None
        if not isinstance(given, dict):
            self._breaker.failed()
            raise Unavailable(NO_ANSWER)
        self._breaker.succeeded()
        return given.get("result"), _revisions(given)

    def _client(self) -> OpaClient:
        client: OpaClient | None = getattr(self._mine, "client", None)
        if client is None:
            client = OpaClient(host=self._host, port=self._port, retries=0, timeout=BETWEEN_BYTES_SECONDS)
            # What is decided never goes through a proxy that the environment happens to name.
            client._session.trust_env = False
            client._session.mount("http://", BoundedAdapter(self._seconds, LARGEST_ANSWER))
            self._mine.client = client
            self._clients.append(client)
        return client

    def close(self) -> None:
        """Close every thread's connection, after the last question."""
        for client in self._clients:
            client.close_connection()


def _revisions(given: Mapping[str, object]) -> frozenset[str]:
    provenance = given.get("provenance")
    bundles = provenance.get("bundles") if isinstance(provenance, dict) else None
    found = bundles.values() if isinstance(bundles, dict) else ()
    return frozenset(str(bundle.get("revision")) for bundle in found if isinstance(bundle, dict))


@dataclass(frozen=True)
class _Accepted:
    """The bundles whose answers count: `newest`, and `older` as well until a moment of the clock."""

    newest: str
    older: str | None = None
    older_until: float = 0.0


class ServedEngine:
    """An OPA server as an engine whose bundle may change. `hurry` has the gateway look for a new bundle at once, and waits for it
    as long as so many seconds."""

    def __init__(self, server: OpaServerPdp, bundle: Bundle, *, clock: Callable[[], float], hurry: Callable[[float], None]) -> None:
        self._server = server
        self._clock = clock
        self._hurry = hurry
        self._lock = threading.Lock()
        self._accepted = _Accepted(bundle.digest)

    @property
    def digest(self) -> str:
        return self._accepted.newest

    @property
    def lasting(self) -> bool:
        """A server may be given another policy that nobody here knows of, or be gone: it is asked each time."""
        return False

    def ask(self, question: Question) -> tuple[object, str]:
        """The answer and the digest of the bundle that gave it. Raises `Unavailable`, also when the server has another bundle."""
        begun, until = self._counting_now(), self._clock() + QUESTION_SECONDS
        result, revisions = self._server.exchange(question.input)
        served = self._counting(revisions, begun)
        if served is None:
            # The server may have been given a new bundle a moment before the gateway has seen it.
            self._hurry(max(0.0, until - self._clock()))
            served = self._counting(revisions, begun)
        if served is None:
            raise Unavailable("The policy engine decides by another policy than the gateway's.")
        return result, served

    def take(self, bundle: Bundle) -> None:
        """Accept this bundle's answers; the present one's for a while, until the server has the new one."""
        with self._lock:
            if bundle.digest != self._accepted.newest:
                until = self._clock() + GRACE_SECONDS
                self._accepted = _Accepted(bundle.digest, self._accepted.newest, until)

    def close(self) -> None:
        """Close the connections, after the last question."""
        self._server.close()

    def _counting_now(self) -> frozenset[str]:
        """The bundles whose answers count for a question that is asked now."""
        accepted = self._accepted
        older = accepted.older if self._clock() < accepted.older_until else None
        return frozenset(digest for digest in (accepted.newest, older) if digest is not None)

    def _counting(self, revisions: frozenset[str], begun: frozenset[str]) -> str | None:
        """Which of the server's bundles counts for a question that was asked when those of `begun` did, or counts now: both may
        have been exchanged twice since."""
        with self._lock:
            newest = self._accepted.newest
            if newest in revisions:
                # From here on the server has it: what it had before counts for those only who have asked already.
                self._accepted = _Accepted(newest)
                return newest
            return next(iter(revisions & (begun | self._counting_now())), None)
