"""Open the key-encryption key where the settings say that it is: a file, AWS KMS or a PKCS#11 token."""

from __future__ import annotations

from pathlib import Path

from gateway.errors import ConfigurationError
from gateway.keys.wrap import KeyWrapper, open_key_file
from gateway.settings import Settings

NO_EXTRA = "GATEWAY_KMS={0} needs what this installation lacks. Run: pip install 'educator-data-gateway[{1}]'"


def open_wrapper(settings: Settings, *, create: bool = False) -> KeyWrapper:
    """`create` makes a key file that is missing; a key of a service or a token is made there. Raises `ConfigurationError` for what
    is missing or wrong."""
    match settings.kms:
        case "file":
            return open_key_file(settings.keys, create=create)
        case "aws-kms":
            return _aws_kms(_given(settings.kms_key, "GATEWAY_KMS_KEY", settings.kms))
        case "pkcs11":
            return _pkcs11(settings)


def _aws_kms(key: str) -> KeyWrapper:
    try:
        from gateway.keys.aws_kms import AwsKms
    except ImportError as why:
        raise ConfigurationError(NO_EXTRA.format("aws-kms", "aws")) from why
    return AwsKms(key)


def _pkcs11(settings: Settings) -> KeyWrapper:
    try:
        from gateway.keys.pkcs11 import Pkcs11
    except ImportError as why:
        raise ConfigurationError(NO_EXTRA.format("pkcs11", "pkcs11")) from why
    return Pkcs11(
        Path(_given(settings.pkcs11_library, "GATEWAY_PKCS11_LIBRARY", settings.kms)),
        _given(settings.pkcs11_token, "GATEWAY_PKCS11_TOKEN", settings.kms),
        _given(settings.kms_key, "GATEWAY_KMS_KEY", settings.kms),
        _pin(Path(_given(settings.pkcs11_pin_file, "GATEWAY_PKCS11_PIN_FILE", settings.kms))),
    )


def _given(value: str | Path | None, name: str, kms: str) -> str:
    if not value:
        raise ConfigurationError(f"GATEWAY_KMS={kms} needs {name}; it is not set.")
    return str(value)


def _pin(path: Path) -> str:
    try:
        mode, pin = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as why:
        raise ConfigurationError(f"The PIN file {path} cannot be read.") from why
    if mode & 0o077:
        raise ConfigurationError(f"The PIN file {path} can be read by others. Run: chmod 600 {path}")
    return pin
