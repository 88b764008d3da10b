"""The wheel carries all that the program needs: installed in an environment of its own, it walks the demo from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.databases import free_port
from tests.receipts import keep, small_log

TOP = Path(__file__).resolve().parents[2]
PARTS = ("gateway", "connectors", "policies", "migrations", "pyproject.toml", "README.md", "LICENSE")


def run(*command: str | Path, folder: Path) -> str:
    """What a command prints, run where nothing of the checkout is in reach of its imports."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "PYTHON"))}
    done = subprocess.run(command, cwd=folder, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git tracks, so that no file lying about in the checkout helps."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z", *PARTS], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in listed.strip("\0").split("\0"):
        if (TOP / name).is_file():
            target = folder / "source" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((TOP / name).read_bytes())
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, folder / "source", folder=folder)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment with the pinned requirements and the wheel, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder / "venv", folder=folder)
    pip = (folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", TOP / "requirements.txt", folder=folder)
    run(*pip, "--no-deps", wheel, folder=folder)
    return folder / "venv" / "bin"


def test_the_wheel_has_policies_migrations_and_catalog_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    shipped = {f"gateway/_shipped/{path.relative_to(TOP).as_posix()}" for path in (TOP / "policies" / "bundle").iterdir()}
    migrations = {f"gateway/_shipped/migrations/versions/{path.name}" for path in (TOP / "migrations" / "versions").glob("*.py")}
    catalog = {f"gateway/catalog/{path.name}" for path in (TOP / "gateway" / "catalog").glob("*.yaml")}
    assert len(migrations) >= 2
    assert len(catalog) >= 30
    assert shipped | migrations | catalog <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_the_installed_wheel_walks_the_demo_from_an_empty_folder(programs: Path, tmp_path: Path) -> None:
    where = run(
        programs / "python", "-c", "import gateway, connectors; print(gateway.__file__, connectors.__file__)", folder=tmp_path
    )
    assert all(part.startswith(str(programs.parent)) for part in where.split())
    printed = run(programs / "gateway", "demo", "--once", "--port", str(free_port()), folder=tmp_path)
    assert "the log is whole" in printed
    assert [path.name for path in tmp_path.iterdir()] == ["gateway-demo"]


def test_the_requirements_are_enough_and_agree(programs: Path, tmp_path: Path) -> None:
    assert "No broken requirements" in run(programs / "python", "-m", "pip", "check", folder=tmp_path)


def test_a_partner_installs_the_receipts_verifier_without_the_gateway(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", folder=tmp_path)
    pip = (tmp_path / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--no-deps", wheel, folder=tmp_path)
    run(*pip, "cryptography", folder=tmp_path)
    words = keep(tmp_path, small_log())
    assert "All that was checked holds" in run(tmp_path / "venv" / "bin" / "gateway-receipt", *words, folder=tmp_path)
