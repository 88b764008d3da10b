"""Encode (pure): treated rows -> the exact bytes that leave, in the format asked for. The same state gives the same bytes."""

from gateway.encode.feed import encode_changes
from gateway.encode.json_text import records
from gateway.encode.page import MEDIA_TYPES, encode, notice_header
from gateway.encode.stream import open_stream

__all__ = ["MEDIA_TYPES", "encode", "encode_changes", "notice_header", "open_stream", "records"]
