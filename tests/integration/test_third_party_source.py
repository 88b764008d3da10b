"""The kind of source that the connectors' README shows is complete: installed as a package, the gateway reads with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import connectors

SHOWN = (Path(connectors.__file__).parent / "README.md").read_text(encoding="utf-8").partition("## Another kind of source")[2]
SOURCE = """version: 1
id: old-mainframe
provider: lakeside
maintainer: {kind: epp}
kind: fixed-width
folder: .
resources:
  candidates:
    file: people.txt
    widths: {Id: 4, First: 6, Last: 8}
    columns: {Id: candidateIdentifier, First: firstName, Last: lastSurname}
"""
PULL = """
import json, sys
from pathlib import Path
from connectors.kinds import open_source
from gateway.catalog.load import load_catalog
from gateway.cli.source.files import read_source
source = open_source(read_source(Path(sys.argv[1]), load_catalog()), lambda _: "")
pages = list(source.pull("candidates"))
refused = [[r.location.line, r.code] for page in pages for r in page.rejections]
print(json.dumps([[dict(r.elements) for page in pages for r in page.records], refused]))
"""


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", SHOWN, re.DOTALL)
    return str(found)


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(folder / "site"), os.environ.get("PYTHONPATH", ""), *sys.path))
    environment = {**os.environ, "PYTHONPATH": path, "GATEWAY_HOME": str(folder / "home")}
    return subprocess.run([sys.executable, *command], env=environment, cwd=folder, capture_output=True, text=True, timeout=120)


def installed(folder: Path) -> None:
    """As pip leaves it: the module, and beside it what the package says of itself."""
    project = tomllib.loads(block("toml"))["project"]
    about = folder / "site" / f"gateway_fixed_width-{project['version']}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["educator_data_gateway.sources"]
    lines = "\n".join(f"{name} = {value}" for name, value in points.items())
    (about / "entry_points.txt").write_text(f"[educator_data_gateway.sources]\n{lines}\n")
    (folder / "site" / "gateway_fixed_width.py").write_text(block("python"), encoding="utf-8")


def test_it_has_less_than_sixty_lines() -> None:
    assert len((block("toml") + block("python")).splitlines()) < 60


def test_it_is_read_with_and_what_does_not_fit_is_refused_row_by_row(tmp_path: Path) -> None:
    installed(tmp_path)
    (tmp_path / "old.source.yaml").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "people.txt").write_text("1   Ann   Lee\n2   Zoë   Ng\n3   Cyrus Oh-and-much-too-long\n", encoding="utf-8")

    done = run(tmp_path, "-c", PULL, "old.source.yaml")

    assert done.returncode == 0, done.stderr
    records, refused = json.loads(done.stdout)
    assert [record["firstName"] for record in records] == ["Ann", "Zoë"]
    assert refused == [[3, "ragged_row"]]


def test_its_mistakes_are_told_with_their_place(tmp_path: Path) -> None:
    installed(tmp_path)
    (tmp_path / "old.source.yaml").write_text(SOURCE.replace("First: 6", "First: none"), encoding="utf-8")

    done = run(tmp_path, "-m", "gateway", "source", "check", "old.source.yaml")

    assert done.returncode == 2
    assert "old.source.yaml:10:" in done.stdout + done.stderr


def test_it_may_be_probed(tmp_path: Path) -> None:
    installed(tmp_path)
    (tmp_path / "old.source.yaml").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "people.txt").write_text("1   Ann   Lee\n", encoding="utf-8")

    assert run(tmp_path, "-m", "gateway", "db", "upgrade").returncode == 0
    done = run(tmp_path, "-m", "gateway", "source", "probe", "old.source.yaml")

    assert done.returncode == 0, done.stderr
    assert "firstName" in done.stdout
    assert "Ann" not in done.stdout


def test_without_the_package_its_kind_is_no_kind(tmp_path: Path) -> None:
    (tmp_path / "old.source.yaml").write_text(SOURCE, encoding="utf-8")

    done = run(tmp_path, "-m", "gateway", "source", "check", "old.source.yaml")

    assert done.returncode == 2
    assert "fixed-width" in done.stdout + done.stderr
