"""`gateway-receipt`: verify a kept answer offline. Exits with 0 when all holds, 8 when something does not, 2 for unusable files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from gateway.receipt.failures import Unreadable
from gateway.receipt.read_files import read_consistency, read_keys, read_note, read_proof, read_receipt
from gateway.receipt.verify import Finding, Kept, Verdict, verify

HOLDS, UNUSABLE, DOES_NOT_HOLD = 0, 2, 8
CHUNK = 1 << 20
MARKS = {True: "holds", False: "DOES NOT HOLD", None: "not checked"}
TOLD = (
    "kind",
    "operation",
    "time",
    "client",
    "provider",
    "recipient",
    "purpose",
    "agreement",
    "agreement_version",
    "resource",
    "rows",
)


@dataclass(frozen=True)
class Files:
    """The files of one receipt."""

    proof: Path
    key: Path
    headers: Path | None = None
    body: Path | None = None
    earlier: tuple[Path, ...] = ()
    consistency: tuple[Path, ...] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    return run(_files(arguments), sys.stdout, sys.stderr)


def run(files: Files, out: TextIO, errors: TextIO) -> int:
    """Verify the files and say what was found; gives the exit code."""
    try:
        verdict = _verdict(files)
    except Unreadable as why:
        errors.write(f"error: {why}\n")
        return UNUSABLE
    out.writelines(f"{_printable(line)}\n" for line in _told(verdict))
    return HOLDS if verdict.holds else DOES_NOT_HOLD


def _verdict(files: Files) -> Verdict:
    if files.body is not None and files.headers is None:
        raise Unreadable("a body is checked by its answer's headers: give --headers too")
    kept = Kept(
        proof=read_proof(files.proof),
        receipt=None if files.headers is None else read_receipt(files.headers),
        body=None if files.body is None else _parts(files.body),
        earlier={file.name: read_note(file) for file in files.earlier},
        grown=[read_consistency(file) for file in files.consistency],
    )
    return verify(kept, read_keys(files.key))


def _parts(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as stream:
            while part := stream.read(CHUNK):
                yield part
    except OSError as why:
        raise Unreadable(f"{file} cannot be read: {why.strerror}") from why


def _told(verdict: Verdict) -> Iterator[str]:
    width = max(len(mark) for mark in MARKS.values())
    for found in verdict.findings:
        yield f"{MARKS[found.holds]:<{width}}  {found.claim:<10}  {found.said}"
    yield ""
    if not verdict.holds:
        yield "The receipt does not hold. Keep these files as they are, and ask the gateway's operator."
        return
    yield "All that was checked holds. The log says of this answer:"
    yield from (f"  {name:<18} {verdict.entry[name]}" for name in TOLD if name in verdict.entry)
    if any(_concerns_answer(found) for found in verdict.findings):
        yield "That the answer in your hands is the one of this entry was not checked: give --headers and --body."


def _printable(line: str) -> str:
    """What a forged proof says must not write to a terminal as it likes."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def _concerns_answer(found: Finding) -> bool:
    return found.claim in {"receipt", "body"} and found.holds is None


def _files(arguments: Sequence[str] | None) -> Files:
    parser = argparse.ArgumentParser(
        prog="gateway-receipt",
        description="Verify a kept answer of an Educator Data Gateway, offline.",
        epilog=f"Exits with {HOLDS} when all that was checked holds, {DOES_NOT_HOLD} when something does not, {UNUSABLE} for files "
        "that cannot be used.",
    )
    actions = parser.add_subparsers(required=True, metavar="verify")
    verifying = actions.add_parser("verify", help="verify a kept answer", description=parser.description, epilog=parser.epilog)
    add = verifying.add_argument
    add("--proof", type=Path, required=True, metavar="FILE", help="answer of /audit/proof/ENTRY")
    add("--key", type=Path, required=True, metavar="FILE", help="the log's verifier key, as the operator gave it; one a line")
    add("--headers", type=Path, metavar="FILE", help="headers of the answer (curl -D), or a JSON object of them")
    add("--body", type=Path, metavar="FILE", help="the answer itself, byte for byte (curl -o)")
    add("--earlier", type=Path, action="append", default=[], metavar="FILE", help="a checkpoint, proof or headers kept earlier")
    add("--consistency", type=Path, action="append", default=[], metavar="FILE", help="answer of /audit/consistency")
    given = parser.parse_args(arguments)
    return Files(given.proof, given.key, given.headers, given.body, tuple(given.earlier), tuple(given.consistency))
