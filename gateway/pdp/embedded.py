"""PDP in this process: the bundle's WASM, one pooled instance a thread at a time."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from opapywasm import UNDEFINED, OpaWasmError, OpaWasmPolicy, PolicyConfig, runtime

from gateway.errors import IntegrityError, Unavailable
from gateway.pdp.read_bundle import DECISION, ENTRYPOINTS, Bundle

DECISION_SECONDS = 1.0
_MEMORY_PAGES = 1024
"""64 MiB an instance; a decision over the whole catalog needs a few."""

# A module says how much memory it wants to begin with, which grows with the texts of its rules; the library has no setting for
# it, gives two pages and refuses a module that wants more.
runtime._DEFAULT_MEMORY_PAGES = 16


class EmbeddedPdp:
    """Runs a verified bundle. Threads may share it: the library's pool lends an instance to one thread at a time.

    Instances are made when first needed and do not survive a fork: make the engine in the process that uses it.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        instances: int = 4,
        seconds: float = DECISION_SECONDS,
        entrypoints: tuple[str, ...] = ENTRYPOINTS,
    ) -> None:
        settings = PolicyConfig(
            pool_size=instances,
            borrow_timeout_seconds=seconds,
            eval_timeout_seconds=seconds,
            max_memory_pages=_MEMORY_PAGES,
            parse_raw_json_input=False,
        )
        try:
            self._policy = OpaWasmPolicy.from_wasm_bytes(bundle.wasm, settings)
            if self._policy.builtins or not set(entrypoints) <= set(self._policy.entrypoints):
                self._policy.close()
                raise IntegrityError(
                    f"The policy lacks an entrypoint ({', '.join(entrypoints)}) or needs a built-in that only OPA has."
                )
            self._policy.set_data(orjson.dumps(bundle.data))
        except OpaWasmError as why:
            raise IntegrityError("The policy bundle is not one that this engine can run; build or install it again.") from why
        self._digest = bundle.digest

    @property
    def digest(self) -> str:
        return self._digest

    def evaluate(self, facts: Mapping[str, object] | bytes, entrypoint: str = DECISION) -> object:
        """The answer of one entrypoint to its `input`, a JSON tree or its text; None where the policy says nothing.

        Raises `Unavailable` when it is late, or the engine failed.
        """
        try:
            asked = facts if isinstance(facts, bytes) else orjson.dumps(facts)
            answer = self._policy.evaluate(asked, entrypoint)
        except (OpaWasmError, orjson.JSONEncodeError):
            # Without the cause: the library's messages can quote what it was given.
            raise Unavailable("The policy engine gave no answer.") from None
        return None if answer is UNDEFINED else answer

    def close(self) -> None:
        """Give back the engine's memory; later evaluations raise `Unavailable`."""
        self._policy.close()
