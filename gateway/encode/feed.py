"""What changed, one event a line or in a list: `{event, id, record}`, or `{event, id, destroy_by}` for what was withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import orjson

from gateway.domain.access import Format
from gateway.domain.changes import Change
from gateway.domain.rows import Body
from gateway.encode.page import MEDIA_TYPES, notice_header


def encode_changes(
    changes: Sequence[Change],
    ids: Sequence[str],
    *,
    destroy_by: date | None,
    notice: str | None,
    following: str,
    more: bool,
    form: Format,
) -> Body:
    """JSON is `{notice, data, next, more}`; as JSON Lines the events stand alone, with the rest in headers (decision 8)."""
    lines = [_event(change, id_, destroy_by) for change, id_ in zip(changes, ids, strict=True)]
    if form == "json":
        around = (orjson.dumps(notice), b",".join(lines), orjson.dumps(following), orjson.dumps(more))
        return Body(b'{"notice":%b,"data":[%b],"next":%b,"more":%b}' % around, MEDIA_TYPES[form])
    headers = {"Gateway-Next": following, "Gateway-More": "true" if more else "false", **notice_header(notice)}
    return Body(b"".join(line + b"\n" for line in lines), MEDIA_TYPES[form], headers)


def _event(change: Change, id_: str, destroy_by: date | None) -> bytes:
    begin = b'{"event":%b,"id":%b,' % (orjson.dumps(change.kind), orjson.dumps(id_))
    if change.text is None:
        return begin + b'"destroy_by":%b}' % orjson.dumps(destroy_by)
    return begin + b'"record":%b}' % change.text
