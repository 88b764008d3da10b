"""Read what a source file says of files: where they lie, which belong together, how they are encrypted, what each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import cast

from ruamel.yaml.nodes import MappingNode, Node

from connectors.file_formats import ENDINGS, Format
from connectors.file_sets import SET, SetRule
from connectors.kind import Origin
from connectors.pgp import PgpKeys
from connectors.place import Place
from connectors.place_rules import read_file, read_filled, read_path
from connectors.s3 import Bucket
from connectors.secrets import read_secret
from connectors.sftp import SftpAddress
from gateway.domain.yaml_nodes import Entry, NodeReader

PlaceAddress = Path | SftpAddress | Bucket
_SFTP_NEEDS = ("host", "user", "host_key", "folder")
_SFTP = ("host", "port", "user", "host_key", "folder", "key", "password")
_S3 = ("bucket", "prefix", "region", "endpoint", "access_key", "secret_key")
_PORT, _LARGEST_PORT = 22, 65535


@dataclass(frozen=True)
class After:
    """What becomes of files when their records are safe: moved to a folder of the place, or (empty) deleted."""

    move: str = ""


@dataclass(frozen=True)
class FilesConnection:
    """A place of files, which of them belong together, the keys for those that are encrypted, and what becomes of them afterwards
    (None: they stay)."""

    place: PlaceAddress
    sets: SetRule = field(default_factory=SetRule)
    pgp: PgpKeys | None = None
    after: After | None = None


@dataclass(frozen=True)
class FileOrigin:
    """How a file is written, where its ending does not tell, and the sheet of a workbook (empty: the first)."""

    format: Format | None = None
    sheet: str = ""


def read_files(reader: NodeReader, top: Mapping[str, Entry], place: Place) -> FilesConnection | None:
    """The connection of a source of files; None when a part is wrong."""
    where = read_place(reader, top["place"].value, place) if "place" in top else None
    sets = _sets(reader, top["set"].value) if "set" in top else SetRule()
    pgp = _pgp(reader, top["pgp"].value, place) if "pgp" in top else None
    after = _after(reader, top["after"].value) if "after" in top else None
    return None if where is None else FilesConnection(where, sets, pgp, after)


def read_file_origin(reader: NodeReader, entries: Mapping[str, Entry]) -> Origin | None:
    """The file of one resource."""
    file = read_file(reader, entries["file"].value)
    form = reader.choice(entries["format"].value, "format", sorted(set(ENDINGS.values()))) if "format" in entries else None
    sheet = (reader.words(entries["sheet"].value, "sheet") or "") if "sheet" in entries else ""
    if file is not None and file.count(SET) > 1 and "*" in file:
        reader.problem(entries["file"].value, f"{SET} stands twice beside a *", "leave out one of them")
        return None
    return None if file is None else Origin(file, FileOrigin(cast("Format | None", form), sheet))


def read_place(reader: NodeReader, node: Node, place: Place) -> PlaceAddress | None:
    """A folder, an SFTP server or a bucket."""
    entries = reader.entries(node, "place", ("folder", "sftp", "s3"))
    if len(entries) != 1:
        reader.problem(node, "place must say one of folder, sftp and s3", "write place: {folder: PATH}")
        return None
    [entry] = entries.values()
    match entry.name:
        case "folder":
            return read_path(reader, entry.value, place, "folder")
        case "sftp":
            return _sftp(reader, entry.value, place)
    return _s3(reader, entry.value, place)


def _sftp(reader: NodeReader, node: Node, place: Place) -> SftpAddress | None:
    entries = reader.entries(node, "sftp", _SFTP, _SFTP_NEEDS)
    texts = {name: read_filled(reader, entries[name].value, place, name) for name in _SFTP_NEEDS if name in entries}
    port = reader.whole(entries["port"].value, "port", 1, _LARGEST_PORT) if "port" in entries else _PORT
    key = read_secret(reader, entries["key"].value, "key", place) if "key" in entries else None
    password = read_secret(reader, entries["password"].value, "password", place) if "password" in entries else None
    if ("key" in entries) == ("password" in entries):
        reader.problem(node, "sftp has either key or password", "write key: {file: PATH}")
        return None
    if len(texts) < len(_SFTP_NEEDS) or None in texts.values() or port is None:
        return None
    host, user, host_key, folder = (str(texts[name]) for name in _SFTP_NEEDS)
    return SftpAddress(host, port, user, host_key, folder.rstrip("/") or "/", key, password)


def _s3(reader: NodeReader, node: Node, place: Place) -> Bucket | None:
    entries = reader.entries(node, "s3", _S3, ("bucket", "region", "access_key", "secret_key"))
    names = ("bucket", "prefix", "region", "endpoint")
    texts = {name: read_filled(reader, entries[name].value, place, name) for name in names if name in entries}
    keys = [read_secret(reader, entries[name].value, name, place) for name in ("access_key", "secret_key") if name in entries]
    if None in texts.values() or not {"bucket", "region"} <= texts.keys():
        return None
    match keys:
        case [access, secret] if access is not None and secret is not None:
            prefix = str(texts.get("prefix") or "").strip("/")
            return Bucket(str(texts["bucket"]), prefix, str(texts["region"]), str(texts.get("endpoint") or ""), access, secret)
    return None


def _sets(reader: NodeReader, node: Node) -> SetRule:
    entries = reader.entries(node, "set", ("done", "manifest", "checksum"))
    done = (read_file(reader, entries["done"].value) or "") if "done" in entries else ""
    manifest = (read_file(reader, entries["manifest"].value) or "") if "manifest" in entries else ""
    checksum = (reader.choice(entries["checksum"].value, "checksum", ("sha256",)) or "") if "checksum" in entries else ""
    return SetRule(done, manifest, f".{checksum}" if checksum else "")


def _after(reader: NodeReader, node: Node) -> After | None:
    if not isinstance(node, MappingNode):
        return After() if reader.choice(node, "after", ("delete",), "write delete, or {move: FOLDER}") else None
    entries = reader.entries(node, "after", ("move",), ("move",))
    folder = read_file(reader, entries["move"].value) if "move" in entries else None
    if folder is not None and str(PurePosixPath(folder)) == ".":
        reader.problem(entries["move"].value, "files cannot be moved to where they are", "name a folder inside the place")
        return None
    return None if folder is None else After(str(PurePosixPath(folder)))


def _pgp(reader: NodeReader, node: Node, place: Place) -> PgpKeys | None:
    entries = reader.entries(node, "pgp", ("key", "passphrase", "signed_by"), ("key",))
    found = {name: read_secret(reader, entry.value, name, place) for name, entry in entries.items()}
    key = found.get("key")
    return None if key is None else PgpKeys(key, found.get("passphrase"), found.get("signed_by"))
