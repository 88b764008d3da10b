"""Read the members of a source file that every source over HTTP has."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.http import HttpLimits, HttpPlace
from connectors.place import Place
from connectors.place_rules import read_filled, read_path
from gateway.domain.yaml_nodes import Entry, NodeReader

HTTP_MEMBERS = ("base", "allow_hosts", "ca_file", "limits")
_LIMITS = ("response_bytes", "seconds", "tries")
_MOST_BYTES, _MOST_SECONDS, _MOST_TRIES = 2**31, 3600, 20


def read_http(reader: NodeReader, top: Mapping[str, Entry], place: Place) -> HttpPlace | None:
    """Where a source is and what it may cost; None when a part is wrong."""
    base = read_filled(reader, top["base"].value, place, "base") if "base" in top else None
    if base is None:
        return None
    if not base.startswith(("https://", "http://")):
        reader.problem(top["base"].value, "base must be an address", "begin it with https://")
        return None
    if base.startswith("http://") and not _is_local(base):
        reader.problem(
            top["base"].value, "base must begin with https://: a secret would cross the network in clear", "write https://"
        )
        return None
    hosts = reader.texts(top["allow_hosts"].value, "allow_hosts") if "allow_hosts" in top else ()
    ca_file = read_path(reader, top["ca_file"].value, place, "ca_file") if "ca_file" in top else None
    return HttpPlace(base, frozenset(hosts), ca_file, _limits(reader, top))


def _is_local(base: str) -> bool:
    host = base.removeprefix("http://").partition("/")[0]
    return host.partition(":")[0] in {"127.0.0.1", "localhost"} or host.startswith("[::1]")


def _limits(reader: NodeReader, top: Mapping[str, Entry]) -> HttpLimits:
    standard = HttpLimits()
    if "limits" not in top:
        return standard
    entries = reader.entries(top["limits"].value, "limits", _LIMITS)
    most = {"response_bytes": _MOST_BYTES, "seconds": _MOST_SECONDS, "tries": _MOST_TRIES}
    found = {name: reader.whole(entry.value, name, 1, most[name]) for name, entry in entries.items()}
    return HttpLimits(
        found.get("response_bytes") or standard.response_bytes,
        float(found.get("seconds") or standard.seconds),
        found.get("tries") or standard.tries,
        standard.longest_wait,
    )
