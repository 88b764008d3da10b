"""How the sources stand, as one HTML page without scripts or anything fetched from elsewhere: times, counts and codes, no value."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import groupby
from operator import attrgetter
from urllib.parse import quote

from gateway.domain.times import utc_text
from gateway.store.turns import DONE, GOOD, LastTurn, ResourceState

COLUMNS = ("Resource", "Last success", "Age", "Due by", "State", "Last run", "Rows read", "In quarantine")
NUMBERS = frozenset({"Rows read", "In quarantine"})
STYLE = """
:root{color-scheme:light dark;
--ink:#1a1a1a;--paper:#fff;--quiet:#57534e;--line:#a8a29e;--head:#f0efed;--bad:#a4161a;--alarm:#fdecec}
@media (prefers-color-scheme:dark){
:root{--ink:#ececec;--paper:#161616;--quiet:#b5b0aa;--line:#57534e;--head:#262524;--bad:#ff9d9d;--alarm:#3b1717}}
body{font:16px/1.5 system-ui,sans-serif;max-width:80rem;margin:2rem auto;padding:0 1rem;color:var(--ink);background:var(--paper)}
h1{margin:0 0 .5rem}h2{margin:2.5rem 0 0}h3{margin:1.25rem 0 0}p{margin:.5rem 0}a{color:inherit}
time{white-space:nowrap}time,.number{font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;margin:.75rem 0}caption{text-align:left;color:var(--quiet)}
th,td{border-bottom:1px solid var(--line);padding:.4rem .5rem;text-align:left;vertical-align:top}tbody th,p{overflow-wrap:anywhere}
thead th{background:var(--head)}
tbody th{font-weight:600}th.number,td.number{text-align:right}.bad{color:var(--bad);font-weight:700}
.alarm{border-left:.3rem solid var(--bad);background:var(--alarm);padding:.5rem 1rem;margin:1rem 0}
.alarm h2{margin:0}.alarm ul{margin:.25rem 0;padding-left:1.25rem}
code{font:.875em ui-monospace,monospace;overflow-wrap:anywhere}
@media (max-width:68rem){table,tbody,tr,th,td,caption{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{border:1px solid var(--line);border-radius:.4rem;margin:.75rem 0;padding:.4rem .75rem}th,td{border:0;padding:.15rem 0}
td{display:grid;grid-template-columns:7.5rem 1fr;gap:.5rem}td::before{content:attr(data-label);color:var(--quiet)}
td.number{text-align:left}}
"""


def status_page(states: Sequence[ResourceState], turns: Sequence[LastTurn], now: datetime) -> bytes:
    """UTF-8. Everything that a source file names is escaped; `states` are in the order of provider and source."""
    body = "\n".join([_beginning(states, turns, now), *_institutions(states, turns, now)])
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Sources</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    ).encode()


def _beginning(states: Sequence[ResourceState], turns: Sequence[LastTurn], now: datetime) -> str:
    """The heading, and what somebody should look at, with links to it."""
    told = f"<h1>Sources</h1>\n<p>As of {_moment(now)}.</p>"
    late, failed = sum(state.fresh.is_late(now) for state in states), sum(map(_failed, states))
    held = sum(state.quarantined > 0 for state in states)
    counts = f"{_counted(len(states), 'resource')}: {late} late, {failed} failed, {held} with rows in quarantine."
    told += f"\n<p>{counts if states else 'No source was ever synced.'}</p>"
    alarms = "".join(_alarms(states, turns, now))
    if not alarms:
        return told
    return f'{told}\n<section class="alarm" aria-labelledby="alarms"><h2 id="alarms">Needs a look</h2><ul>{alarms}</ul></section>'


def _alarms(states: Sequence[ResourceState], turns: Sequence[LastTurn], now: datetime) -> Iterator[str]:
    for turn in turns:
        if turn.still_failed(states):
            yield f"<li>{escape(turn.source)} ({escape(turn.provider)}): its last scheduled turn failed</li>"
    for state in states:
        said = ["late"] * state.fresh.is_late(now) + ["the last run failed"] * _failed(state)
        if said:
            name = f"{state.fresh.resource} of {state.fresh.source} ({state.fresh.provider})"
            yield f'<li><a href="#{quote(_id(state))}">{escape(name)}</a>: {" and ".join(said)}</li>'


def _institutions(states: Sequence[ResourceState], turns: Sequence[LastTurn], now: datetime) -> Iterator[str]:
    last = {(turn.provider, turn.source): turn for turn in turns}
    for provider, of_provider in groupby(states, attrgetter("fresh.provider")):
        yield f"<h2>{escape(provider)}</h2>"
        for source, found in groupby(of_provider, attrgetter("fresh.source")):
            yield f"<h3>{escape(source)}</h3>"
            turn = last.get((provider, source))
            if turn is not None:
                how = f'<strong class="bad">failed</strong> ({escape(turn.outcome)})' if turn.outcome != DONE else "was done"
                yield f"<p>The last scheduled turn {how}, {_moment(datetime.fromisoformat(turn.ended_at))}.</p>"
            of_source = list(found)
            yield _table(f"Resources of {source}", of_source, now)
            yield from (_look(state) for state in of_source if state.quarantined)


def _table(caption: str, states: Sequence[ResourceState], now: datetime) -> str:
    # The roles say to a screen reader that it is a table still where the style shows it as cards.
    head = "".join(f'<th role="columnheader" scope="col"{_class(name)}>{name}</th>' for name in COLUMNS)
    return (
        f'<table role="table"><caption>{escape(caption)}</caption>\n<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{"".join(_row(state, now) for state in states)}</tbody></table>'
    )


def _row(state: ResourceState, now: datetime) -> str:
    fresh, last = state.fresh, state.last
    synced = None if fresh.synced_at is None else datetime.fromisoformat(fresh.synced_at)
    due = None if synced is None or fresh.late_after is None else synced + fresh.late_after
    cells = (
        "never" if synced is None else _moment(synced),
        "" if synced is None else _age(now - synced),
        "" if due is None else _moment(due),
        _lateness(state, now),
        _ended(state),
        "" if last is None else f"{last.read:,}",
        f"{state.quarantined:,}",
    )
    written = "".join(
        f'<td role="cell" data-label="{name}"{_class(name)}><span>{text or "–"}</span></td>'
        for name, text in zip(COLUMNS[1:], cells, strict=True)
    )
    named = f'<th role="rowheader" scope="row">{escape(fresh.resource)}</th>'
    return f'<tr role="row" id="{escape(_id(state))}">{named}{written}</tr>\n'


def _look(state: ResourceState) -> str:
    """The command that lists what is in quarantine, to be copied into a shell."""
    command = shlex.join(["gateway", "source", "quarantine", state.fresh.provider, "--resource", state.fresh.resource])
    rows = f"{_counted(state.quarantined, 'row')} of {escape(state.fresh.resource)}"
    return f"<p>{rows} in quarantine, and why: <code>{escape(command)}</code></p>"


def _lateness(state: ResourceState, now: datetime) -> str:
    if state.fresh.is_late(now):
        return '<strong class="bad">Late</strong>'
    return "No schedule" if state.fresh.late_after is None else "In time"


def _failed(state: ResourceState) -> bool:
    return state.last is not None and state.last.state not in GOOD


def _ended(state: ResourceState) -> str:
    if state.last is None:
        return ""
    why = f" ({escape(state.last.failure)})" if state.last.failure else ""
    word = escape(state.last.state)
    return f'<strong class="bad">{word}</strong>{why}' if _failed(state) else word


def _class(column: str) -> str:
    return ' class="number"' if column in NUMBERS else ""


def _moment(moment: datetime) -> str:
    written = utc_text(moment)
    return f'<time datetime="{written}">{written[:10]} {written[11:16]} UTC</time>'


def _age(age: timedelta) -> str:
    """In the largest unit of which there are two."""
    seconds = max(int(age.total_seconds()), 0)
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * unit:
            return _counted(seconds // unit, name)
    return _counted(seconds // 60, "minute")


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _id(state: ResourceState) -> str:
    return "/".join((state.fresh.provider, state.fresh.source, state.fresh.resource))
