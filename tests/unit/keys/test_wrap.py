"""The key file is made once, is its owner's alone, and its loss is said plainly."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import ConfigurationError, IntegrityError
from gateway.keys.wrap import open_key_file


def test_the_first_start_makes_a_key_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "kek.key"
    wrapped = open_key_file(path, create=True).wrap(b"secret", "k1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_key_file(path, create=True).unwrap(wrapped, "k1") == b"secret"


def test_a_wrapped_key_does_not_open_under_another_id(tmp_path: Path) -> None:
    wrapper = open_key_file(tmp_path / "kek.key", create=True)
    with pytest.raises(IntegrityError):
        wrapper.unwrap(wrapper.wrap(b"secret", "k1"), "k2")


def test_a_missing_key_file_is_not_replaced_later(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Restore it from its backup"):
        open_key_file(tmp_path / "kek.key", create=False)
    assert not (tmp_path / "kek.key").exists()


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kek.key"
    open_key_file(path, create=True)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        open_key_file(path, create=False)


@pytest.mark.parametrize("content", ["", "AAAA", "not base64!", "ü"])
def test_a_key_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kek.key"
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        open_key_file(path, create=False)
