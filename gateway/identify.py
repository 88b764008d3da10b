"""Identify (pure): what names a record -> the key by which the registry knows it."""

from __future__ import annotations

from gateway.catalog.model import Resource
from gateway.domain.records import RawRecord, Rejection
from gateway.keys.natural import source_key
from gateway.normalise import normalise


def identify(raw: RawRecord, resource: Resource, secret: bytes) -> bytes | Rejection:
    """The registry's key of the record that a row names, or why the row names none; other members are not looked at."""
    identity = frozenset(resource.identity)
    own = {path: text for path, text in raw.elements.items() if path in identity}
    record = normalise(RawRecord(resource.name, raw.location, own, columns=raw.columns), resource, identity)
    if isinstance(record, Rejection):
        return record
    return source_key(secret, resource.key_space, [record.elements[path] for path in resource.identity])
