"""Take in the body of an answer up to a limit, unpacking it piece by piece: a small one may unpack to more than there is memory."""

from __future__ import annotations

import zlib

import httpx

PACKINGS = "gzip"
"""What is asked for. httpx would unpack several packings one in another, each piece whole, before anybody could count."""
_GZIP = 16 + zlib.MAX_WBITS


class BodyTooLong(Exception):
    """The body is longer than it may be."""


class BodyDamaged(Exception):
    """The body cannot be unpacked whole."""


class BodyPacked(Exception):
    """The body is packed in a way that was not asked for."""


def read_body(response: httpx.Response, most: int) -> bytes:
    """The whole body, unpacked, of at most that many bytes.

    Raises BodyTooLong, BodyDamaged, BodyPacked, and what httpx raises when the connection breaks.
    """
    packing = response.headers.get("content-encoding", "").strip().casefold()
    if packing in ("", "identity"):
        return _plain(response, most)
    if packing in ("gzip", "x-gzip"):
        return _gunzipped(response, most)
    raise BodyPacked


def _plain(response: httpx.Response, most: int) -> bytes:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > most:
            raise BodyTooLong
    return bytes(body)


def _gunzipped(response: httpx.Response, most: int) -> bytes:
    body, packed = bytearray(), 0
    unpack = zlib.decompressobj(_GZIP)
    for piece in response.iter_raw():
        packed += len(piece)
        try:
            # One byte more than may come, so that what is longer shows; less came out means that all of the piece went in.
            body += unpack.decompress(piece, most + 1 - len(body))
        except zlib.error:
            raise BodyDamaged from None
        if len(body) > most or packed > most:
            raise BodyTooLong
        if unpack.unused_data:
            raise BodyDamaged
    if packed and not unpack.eof:
        raise BodyDamaged
    return bytes(body)
