"""Every setting, once: read in `app` and `cli` only, passed on from there. Environment variables with `GATEWAY_`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.errors import ConfigurationError

CONNECTIONS_OF_A_REQUEST = 2


class Settings(BaseSettings):
    """The configuration of one process. Frozen; a wrong value stops the start with the variable's name."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", env_ignore_empty=True, frozen=True, extra="ignore")

    home: Path = Field(
        default=Path("gateway-home"), description="Folder for the SQLite database, the key file and the published checkpoint."
    )
    database_url: str = Field(default="", description="sqlite:///FILE or postgresql://...; empty: gateway.db in GATEWAY_HOME.")
    key_file: Path | None = Field(default=None, description="The key-encryption key; empty: keys/kek.key in GATEWAY_HOME.")
    kms: Literal["file", "aws-kms", "pkcs11"] = Field(
        default="file", description="Where the key-encryption key is: GATEWAY_KEY_FILE, AWS KMS or a PKCS#11 token."
    )
    kms_key: str = Field(
        default="", description="With aws-kms the key's id, ARN or alias, with pkcs11 its label; not used with file."
    )
    pkcs11_library: Path | None = Field(default=None, description="With pkcs11: the library of the token's maker.")
    pkcs11_token: str = Field(default="", description="With pkcs11: the token's label.")
    pkcs11_pin_file: Path | None = Field(default=None, description="With pkcs11: a file with the user PIN, mode 0600.")
    issuer: str = Field(
        default="http://127.0.0.1:8080", description="The address that clients use, also the audience of their assertions."
    )
    host: str = Field(default="127.0.0.1", description="Address that the server listens on.")
    port: int = Field(default=8080, ge=1, le=65535, description="Port that the server listens on.")
    allowed_hosts: str = Field(default="127.0.0.1,localhost", description="Host names the server answers to, separated by commas.")
    pdp: Literal["embedded", "opa"] = Field(default="embedded", description="Policy engine: in process, or an OPA server.")
    bundle: Path | None = Field(default=None, description="The policy bundle, an archive or a folder; empty: the shipped one.")
    bundle_key: Path | None = Field(
        default=None, description="Public key (PEM) that policy bundles must be signed by; empty: their digests are checked."
    )
    operator_bundle: Path | None = Field(default=None, description="Archive of the operator's own refusals; empty: there are none.")
    state_modules: str = Field(default="", description="State-law modules that are switched on, separated by commas.")
    opa_host: str = Field(default="127.0.0.1", description="Host of the OPA server.")
    opa_port: int = Field(default=8181, ge=1, le=65535, description="Port of the OPA server.")
    data_threads: int = Field(
        default=4, ge=1, le=64, description="Requests for records served at once; at most half of GATEWAY_POOL_SIZE."
    )
    pool_size: int = Field(default=10, ge=3, le=200, description="Database connections of this process.")
    token_seconds: int = Field(default=600, ge=30, le=600, description="Life of an access token, in seconds.")
    log_origin: str = Field(
        default="gateway.local/audit/1", description="Origin of the audit log's checkpoints; never changes for one log."
    )
    keep_versions_days: int = Field(default=30, ge=1, description="Days that superseded row versions are kept.")
    sources: Path | None = Field(
        default=None, description="Folder of source files (*.source.yaml) that `gateway serve` syncs as they say; empty: none."
    )
    alerts: Path | None = Field(
        default=None, description="File of alert rules (YAML); empty: the shipped rules, which tell the log only."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that metrics are served on, for a Prometheus of your own.")
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="Port that metrics are served on, never GATEWAY_PORT; empty: they are not."
    )
    shrink_limit: float = Field(default=0.2, ge=0.0, le=1.0, description="Largest share of a resource that one sync may delete.")

    @field_validator("pool_size")
    @classmethod
    def _enough_connections(cls, size: int, others: ValidationInfo) -> int:
        """A request for records may hold two connections: its snapshot's and its entry's."""
        if size < CONNECTIONS_OF_A_REQUEST * others.data.get("data_threads", 1):
            raise PydanticCustomError("pool", "must be at least twice GATEWAY_DATA_THREADS")
        return size

    @field_validator("metrics_port")
    @classmethod
    def _apart_from_the_api(cls, port: int | None, others: ValidationInfo) -> int | None:
        """Partners reach the other one."""
        if port is not None and port == others.data.get("port"):
            raise PydanticCustomError("port", "must be another port than GATEWAY_PORT")
        return port

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'gateway.db').resolve()}"

    @property
    def keys(self) -> Path:
        return self.key_file or self.home / "keys" / "kek.key"

    @property
    def modules(self) -> tuple[str, ...]:
        return tuple(sorted({name.strip() for name in self.state_modules.split(",") if name.strip()}))

    @property
    def published_checkpoint(self) -> Path:
        return self.home / "checkpoint"


def read_settings() -> Settings:
    """The settings of the environment. Raises `ConfigurationError` that names each wrong variable, not its value."""
    try:
        return Settings()
    except ValidationError as why:
        wrong = "; ".join(
            f"GATEWAY_{'_'.join(str(part) for part in error['loc']).upper()}: {error['msg']}" for error in why.errors()
        )
        raise ConfigurationError(f"Correct these environment variables: {wrong}") from why
