"""The key-encryption key that the settings choose: what is missing or wrong is named."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigurationError
from gateway.open_wrapper import open_wrapper
from gateway.settings import Settings


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"kms": "aws-kms"}, "GATEWAY_KMS_KEY"),
        ({"kms": "pkcs11"}, "GATEWAY_PKCS11_LIBRARY"),
        ({"kms": "pkcs11", "pkcs11_library": "/lib.so"}, "GATEWAY_PKCS11_TOKEN"),
        ({"kms": "pkcs11", "pkcs11_library": "/lib.so", "pkcs11_token": "t"}, "GATEWAY_KMS_KEY"),
        ({"kms": "pkcs11", "pkcs11_library": "/lib.so", "pkcs11_token": "t", "kms_key": "k"}, "GATEWAY_PKCS11_PIN_FILE"),
    ],
)
def test_a_setting_that_is_missing_is_named(settings: dict[str, Any], missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"needs {missing}"):
        open_wrapper(Settings(**settings))


def test_a_pin_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    settings = Settings(
        kms="pkcs11",
        kms_key="k",
        pkcs11_library=Path("/lib.so"),
        pkcs11_token="t",
        pkcs11_pin_file=pin,
    )
    with pytest.raises(ConfigurationError, match="cannot be read"):
        open_wrapper(settings)
    pin.write_text("4711")
    pin.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        open_wrapper(settings)
    pin.chmod(0o600)
    assert open_wrapper(settings).name == "pkcs11"


@pytest.mark.parametrize(("kms", "module", "extra"), [("aws-kms", "aws_kms", "aws"), ("pkcs11", "pkcs11", "pkcs11")])
def test_without_the_extra_it_says_what_to_install(
    kms: Any, module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    settings = Settings(
        kms=kms,
        kms_key="k",
        pkcs11_library=Path("/lib.so"),
        pkcs11_token="t",
        pkcs11_pin_file=pin,
    )
    really = builtins.__import__

    def lacking(name: str, *others: Any, **named: Any) -> Any:
        if name == f"gateway.keys.{module}":
            raise ImportError(name)
        return really(name, *others, **named)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(ConfigurationError, match=rf"pip install 'educator-data-gateway\[{extra}\]'"):
        open_wrapper(settings)


def test_a_key_file_is_made_on_a_first_start_only(tmp_path: Path) -> None:
    settings = Settings(key_file=tmp_path / "kek.key")
    with pytest.raises(ConfigurationError, match="is missing"):
        open_wrapper(settings)
    assert open_wrapper(settings, create=True).name == "local-file"
    assert open_wrapper(settings).name == "local-file"
