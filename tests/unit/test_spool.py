"""A spool gives back what it took, from a file that has no name and no clear text."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

import gateway.spool
from gateway.errors import Unavailable
from gateway.spool import BLOCK, Spool


@pytest.mark.parametrize("sizes", [[], [0], [1], [BLOCK], [BLOCK - 1, 2], [3 * BLOCK + 5], [100_000] * 40])
def test_what_goes_in_comes_out_in_order(tmp_path: Path, sizes: list[int]) -> None:
    parts = [os.urandom(size) for size in sizes]
    spool = Spool(tmp_path, b"salt")
    for part in parts:
        assert spool.write(part) == len(part)
    spool.finish()
    content = b"".join(parts)
    assert (spool.length, spool.digest) == (len(content), hashlib.sha256(b"salt" + content).hexdigest())
    assert b"".join(spool.read()) == content


def test_the_file_has_no_name_and_no_clear_text(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "new", b"")
    spool.write(b"Zo\xc3\xab Alvarez, " * 100_000)
    spool.finish()
    assert list((tmp_path / "new").iterdir()) == []
    stored = os.pread(spool._file.fileno(), 2 * BLOCK, 0)
    spool.close()
    assert len(stored) > BLOCK
    assert b"Alvarez" not in stored


def test_it_is_gone_when_it_was_read_or_when_nobody_reads_on(tmp_path: Path) -> None:
    for all_of_it in (True, False):
        spool = Spool(tmp_path, b"")
        spool.write(bytes(3 * BLOCK))
        spool.finish()
        blocks = spool.read()
        next(blocks)
        if all_of_it:
            assert len(list(blocks)) == 2
        else:
            blocks.close()  # type: ignore[attr-defined]
        assert spool._file.closed


def test_a_full_disk_is_told_and_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    spool = Spool(tmp_path, b"")
    monkeypatch.setattr(gateway.spool.os, "write", full)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable):
        spool.write(bytes(2 * BLOCK))
    monkeypatch.setattr(gateway.spool.os, "write", lambda _descriptor, content: len(content) - 1)  # type: ignore[attr-defined]
    with pytest.raises(Unavailable):
        spool.write(bytes(2 * BLOCK))
    spool.close()
