"""The shipped bundle is what its sources give; whatever the embedded engine cannot run is not built."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError, IntegrityError
from gateway.pdp.bundle import build_bundle, main
from gateway.shipped import shipped


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    copy = tmp_path / "policies"
    shutil.copytree(shipped("policies"), copy)
    return copy


def test_the_shipped_bundle_is_what_the_sources_give(opa_binary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPA", opa_binary)
    assert main(["check"]) == 0


def test_two_builds_are_the_same_bytes(opa_binary: str, policies: Path) -> None:
    assert build_bundle(policies, opa_binary) == build_bundle(policies, opa_binary)


def test_another_rule_is_another_bundle(opa_binary: str, policies: Path) -> None:
    before = build_bundle(policies, opa_binary)["manifest.json"]
    (policies / "disclosure" / "site.rego").write_text("package disclosure\n\ndeny contains rego.metadata.rule() if false\n")
    assert build_bundle(policies, opa_binary)["manifest.json"] != before


@pytest.mark.parametrize("body", ["time.now_ns() > 0", 'http.send({"method": "get", "url": input.x})'])
def test_a_clock_or_the_network_in_a_rule_is_not_built(opa_binary: str, policies: Path, body: str) -> None:
    (policies / "disclosure" / "site.rego").write_text(f"package disclosure\n\ndeny contains 1 if {body}\n")
    with pytest.raises(IntegrityError):
        build_bundle(policies, opa_binary)


def test_rego_that_does_not_compile_says_where(opa_binary: str, policies: Path) -> None:
    (policies / "disclosure" / "site.rego").write_text("package disclosure\n\ndeny contains if\n")
    with pytest.raises(ConfigurationError, match=r"site\.rego:3"):
        build_bundle(policies, opa_binary)


def test_another_version_of_opa_does_not_build(policies: Path, tmp_path: Path) -> None:
    other = tmp_path / "opa"
    other.write_text("#!/bin/sh\necho 'Version: 0.1.0'\n")
    other.chmod(0o700)
    with pytest.raises(ConfigurationError, match="another version"):
        build_bundle(policies, str(other))


def test_no_opa_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("OPA", raising=False)
    monkeypatch.setenv("PATH", "")
    assert main(["check"]) == 1
    assert "no opa binary" in capsys.readouterr().err


def test_an_opa_that_does_not_run_is_said(policies: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="could not be run"):
        build_bundle(policies, str(tmp_path / "absent"))


@pytest.mark.parametrize("arguments", [[], ["rebuild"], ["build", "check"]])
def test_other_words_are_answered_with_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err
