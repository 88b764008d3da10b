"""Where the policies are that a gateway decides by, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.errors import ConfigurationError
from gateway.pdp.read_bundle import Bundle, read_bundle, read_operator_bundle
from gateway.pdp.signature import BundleKey, read_bundle_key
from gateway.shipped import shipped


@dataclass(frozen=True)
class Policies:
    """Where the policies are: the bundle (None: the shipped one), the operator's own rules, the public key that both must be
    signed by, and the state-law modules that decisions name. An archive or folder each, a PEM file, names."""

    bundle: Path | None = None
    operator: Path | None = None
    key: Path | None = None
    modules: tuple[str, ...] = ()

    @property
    def place(self) -> Path:
        """The bundle's place."""
        return self.bundle or shipped("policies") / "bundle"

    def read(self) -> Bundle:
        """The bundle, verified. Raises `ConfigurationError` when something is missing, also a module; `IntegrityError` when it
        does not verify."""
        found = read_bundle(self.place, self._key())
        unknown = sorted(set(self.modules) - found.modules)
        if unknown:
            raise ConfigurationError(
                f"GATEWAY_STATE_MODULES names {', '.join(unknown)}, which the policy bundle does not have. "
                f"It has: {', '.join(sorted(found.modules)) or 'none'}."
            )
        return found

    def read_operator(self) -> Bundle | None:
        """The operator's rules, verified; None where there are none. Raises as `read` does."""
        return None if self.operator is None else read_operator_bundle(self.operator, self._key())

    def _key(self) -> BundleKey | None:
        return None if self.key is None else read_bundle_key(self.key)
