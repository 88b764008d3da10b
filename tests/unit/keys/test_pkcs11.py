"""Keys that a PKCS#11 token wraps, with SoftHSM."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pkcs11
import pytest

from gateway.errors import ConfigurationError, IntegrityError
from gateway.keys.pkcs11 import Pkcs11

SECRET = bytes(range(32))
TOKEN, KEY, PIN = "gateway", "kek", "4711"
LIBRARIES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """SoftHSM's library with one token in a folder of its own, and one AES key in it."""
    found = next((Path(name) for name in LIBRARIES if Path(name).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("needs SoftHSM (Debian: softhsm2)")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    try:
        command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin", PIN, "--so-pin", "815815"]
        subprocess.run(command, check=True, capture_output=True)
        with pkcs11.lib(str(found)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN) as session:
            session.generate_key(pkcs11.KeyType.AES, 256, label=KEY, store=True)
        yield found
    finally:
        if before is None:
            del os.environ["SOFTHSM2_CONF"]
        else:
            os.environ["SOFTHSM2_CONF"] = before


def test_what_is_wrapped_opens_under_its_own_id_alone(library: Path) -> None:
    wrapper = Pkcs11(library, TOKEN, KEY, PIN)
    wrapped = wrapper.wrap(SECRET, "key-1")
    assert SECRET not in wrapped
    assert wrapper.unwrap(wrapped, "key-1") == SECRET
    with pytest.raises(IntegrityError):
        wrapper.unwrap(wrapped, "key-2")
    assert wrapper.unwrap(wrapped, "key-1") == SECRET


def test_what_was_changed_or_cut_does_not_open(library: Path) -> None:
    wrapper = Pkcs11(library, TOKEN, KEY, PIN)
    wrapped = wrapper.wrap(SECRET, "key-1")
    for broken in (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"\x02" + wrapped[1:], b""):
        with pytest.raises(IntegrityError):
            wrapper.unwrap(broken, "key-1")


def test_a_destroyed_key_opens_nothing(library: Path) -> None:
    wrapper = Pkcs11(library, TOKEN, "doomed", PIN)
    Pkcs11(library, TOKEN, KEY, PIN).wrap(SECRET, "key-1")  # logs in for the process
    with pkcs11.lib(str(library)).get_token(token_label=TOKEN).open(rw=True) as session:
        key = session.generate_key(pkcs11.KeyType.AES, 256, label="doomed", store=True)
        wrapped = wrapper.wrap(SECRET, "key-1")
        key.destroy()
    with pytest.raises(ConfigurationError, match="has not one secret key doomed"):
        wrapper.unwrap(wrapped, "key-1")


def test_a_wrong_name_says_which_setting_is_wrong(library: Path) -> None:
    for opened, setting in (
        (Pkcs11(library, "another", KEY, PIN), "GATEWAY_PKCS11_TOKEN"),
        (Pkcs11(library, TOKEN, "another", PIN), "GATEWAY_KMS_KEY"),
        (Pkcs11(Path("/nowhere/lib.so"), TOKEN, KEY, PIN), "GATEWAY_PKCS11_LIBRARY"),
    ):
        with pytest.raises(ConfigurationError, match=setting):
            opened.wrap(SECRET, "key-1")


def test_a_wrong_pin_is_named_and_not_told(library: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from gateway.keys.pkcs11 import Pkcs11\n"
        "Pkcs11(Path(sys.argv[1]), sys.argv[2], sys.argv[3], '0815').wrap(bytes(32), 'key-1')"
    )
    # A token that one session has logged in to is open to every session of its process.
    done = subprocess.run([sys.executable, "-c", program, str(library), TOKEN, KEY], capture_output=True, text=True)
    assert "GATEWAY_PKCS11_PIN_FILE" in done.stderr
    assert "0815" not in done.stderr.rpartition("ConfigurationError")[2]
