"""The operator prints the log's key, which partners check receipts by."""

from __future__ import annotations

import pytest

from gateway.receipt.note import read_key
from tests.journeys.cli import operator


def test_the_logs_key_is_printed_as_the_receipts_verifier_reads_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    somebody = operator(tmp_path_factory.mktemp("key") / "home", "", GATEWAY_LOG_ORIGIN="gateway.example/audit/7")
    somebody.run("db", "upgrade")
    printed = somebody.run("audit", "vkey").split()
    assert [read_key(line).name for line in printed] == ["gateway.example/audit/7"]
