"""Which files a sync reads: the newest of a glob, or of the newest set that is complete, with the digests that it states."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from connectors.places import PlacedFile
from gateway.errors import IngestError

SET = "{set}"
"""Stands in a file's name for what the files of one set have in common: a day, a number."""
_SHA = "[0-9a-fA-F]{64}"
_LINE = re.compile(rf"\s*(?:(?P<sha>{_SHA})[ *]+(?P<name>\S.*?)|(?P<name2>[^,]+?)\s*,\s*(?P<sha2>{_SHA})(?:\s*,.*)?)\s*")
_CHUNK = 1024 * 1024


@dataclass(frozen=True)
class SetRule:
    """What makes a set whole beside all its files: a file that is written last (`done`), a list of digests (`manifest`), a file
    with the digest beside each (`checksum`: its ending, as `.sha256`)."""

    done: str = ""
    manifest: str = ""
    checksum: str = ""


def choose(patterns: Sequence[str], rule: SetRule, files: Sequence[PlacedFile]) -> tuple[Mapping[str, PlacedFile], str]:
    """The file for each pattern, and the set that they are of (empty where the patterns name none).

    Raises IngestError that says what is missing when no set is complete.
    """
    wanted = list(dict.fromkeys((*patterns, *(name for name in (rule.done, rule.manifest) if name))))
    if not any(SET in pattern for pattern in wanted):
        return {pattern: _newest(pattern, files) for pattern in wanted}, ""
    sets = sorted({found for pattern in wanted for file in files if (found := _set_of(pattern, file.name))}, reverse=True)
    for name in sets:
        chosen = {pattern: file for pattern in wanted if (file := _found(pattern.replace(SET, name), files)) is not None}
        if len(chosen) == len(wanted):
            return chosen, name
    if not sets:
        raise IngestError(f"There is no file like {wanted[0]}: check file and folder in the source file.")
    newest = [pattern.replace(SET, sets[0]) for pattern in wanted]
    missing = next(pattern for pattern in newest if _found(pattern, files) is None)
    raise IngestError(f"No set is complete; of the newest, {sets[0]}, {missing} is missing. Wait for the export.")


def is_none_there(patterns: Sequence[str], rule: SetRule, files: Sequence[PlacedFile]) -> bool:
    """Whether there is no file at all for any of the patterns."""
    return not any(_matches(pattern, file.name) for pattern in (*patterns, rule.done, rule.manifest) for file in files)


def superseded(
    patterns: Sequence[str], rule: SetRule, files: Sequence[PlacedFile], chosen: Mapping[str, PlacedFile], of_set: str
) -> Sequence[PlacedFile]:
    """The files that were read, and those before them of the same patterns, which must not be read after them; with the files of
    digests beside them. Those that are read come last."""

    def is_past(pattern: str, name: str) -> bool:
        if SET in pattern:
            found = _set_of(pattern, name)
            return found is not None and found <= of_set
        return fnmatchcase(name, pattern) and name <= chosen[pattern].name

    wanted = [name for name in (*patterns, rule.done, rule.manifest) if name]
    names = {file.name for file in files if any(is_past(pattern, file.name) for pattern in wanted)}
    if rule.checksum:
        names |= {f"{name}{rule.checksum}" for name in names}
    read = {file.name for file in chosen.values()}
    return sorted((file for file in files if file.name in names), key=lambda file: (file.name in read, file.name))


def read_manifest(path: Path, name: str) -> Mapping[str, str]:
    """Digests (SHA-256, hexadecimal) by file name, as `sha256sum` writes them or as `name,digest` lines.

    Raises IngestError with the line for what is neither.
    """
    digests: dict[str, str] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise IngestError(f"{name} cannot be read as text.") from None
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is not None:
            digests[(found["name"] or found["name2"]).strip()] = (found["sha"] or found["sha2"]).lower()
        elif line.strip() and not (number == 1 and "," in line):
            raise IngestError(f"{name}:{number}: this line is no digest and file name.")
    return digests


def check_digest(path: Path, name: str, expected: str | None, stated_in: str) -> None:
    """Raises IngestError when a file has another digest than is stated, or none is."""
    if expected is None:
        raise IngestError(f"{stated_in} states no digest of {name}.")
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != expected.lower():
        raise IngestError(
            f"{name} does not have the digest that {stated_in} states: it is damaged or not finished; export it again."
        )


def _set_of(pattern: str, name: str) -> str | None:
    if SET not in pattern:
        return None
    parts = [re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") for part in pattern.split(SET)]
    found = re.fullmatch(f"{parts[0]}(?P<set>[A-Za-z0-9._-]+?){'(?P=set)'.join(parts[1:])}", name)
    return None if found is None else found["set"]


def _matches(pattern: str, name: str) -> bool:
    return _set_of(pattern, name) is not None if SET in pattern else fnmatchcase(name, pattern)


def _found(pattern: str, files: Sequence[PlacedFile]) -> PlacedFile | None:
    matching = [file for file in files if fnmatchcase(file.name, pattern)]
    return max(matching, key=lambda file: file.name) if matching else None


def _newest(pattern: str, files: Sequence[PlacedFile]) -> PlacedFile:
    """By name, which is where exports write their day: what a copy does to times says nothing."""
    found = _found(pattern, files)
    if found is None:
        raise IngestError(f"There is no file {pattern}: check file and folder in the source file, or wait for the export.")
    return found
