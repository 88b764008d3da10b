"""The log over HTTP: tiles for a log auditor alone, proofs for the parties of an entry, each read with its own entry."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import event, insert

from gateway.store.schema import audit_entry, audit_head, audit_log, audit_party
from gateway.tlog.checkpoint import open_checkpoint, sign_checkpoint
from gateway.tlog.merkle import check_consistency, check_inclusion, leaf_hash, node_hash, root_of
from gateway.tlog.note import Signer
from tests.conftest import new_database
from tests.databases import BACKENDS
from tests.world import World, placement_world

AUDITOR, PARTNER, OTHER = "lakeside-auditor", "riverton-sis", "oakhill-sis"
NOBODYS = "019ac000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module", params=BACKENDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shared by all that only add to the log."""
    folder = tmp_path_factory.mktemp("evidence")
    with new_database(request.param, request, folder) as url, placement_world(folder / "home", url) as opened:
        opened.client(AUDITOR, "lakeside", ("pipeline",), ("audit:tiles",))
        opened.client(OTHER, "oakhill")
        yield opened


def get(world: World, path: str, client: str = AUDITOR, **parameters: str) -> httpx.Response:
    return world.api.get(f"/audit/{path}", world.token(client), **parameters)


def page(world: World) -> httpx.Response:
    answer = world.api.get("/v1/candidates", world.token(PARTNER), limit="5")
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer


def opened(world: World, note: str) -> tuple[int, bytes]:
    signer = Signer(world.settings.log_origin, world.gateway.ring.signing_key("log"))
    checkpoint = open_checkpoint(1, note, signer.verifier)
    return checkpoint.size, checkpoint.root


def read_proof(text: str) -> tuple[bytes, int, list[bytes], str]:
    """Leaf, index, path and checkpoint of a tlog-proof."""
    head, _, note = text.partition("\n\n")
    name, extra, index, *path = head.split("\n")
    assert name == "c2sp.org/tlog-proof@v1"
    leaf = base64.b64decode(extra.removeprefix("extra "))
    return leaf, int(index.removeprefix("index ")), [base64.b64decode(line) for line in path], note


def unbundled(content: bytes) -> list[bytes]:
    leaves = []
    while content:
        length = int.from_bytes(content[:2])
        leaves.append(content[2 : 2 + length])
        content = content[2 + length :]
    return leaves


def test_the_tiles_of_a_checkpoint_give_its_root_and_its_entries(world: World) -> None:
    token = world.token(PARTNER)
    for _ in range(max(0, 300 - len(world.leaves()))):
        world.api.get("/v1/candidates", token, limit="1")
    answer = get(world, "checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store, private"
    size, root = opened(world, answer.text)
    assert 256 < size < 512
    whole, partial = get(world, "tile/0/000"), get(world, f"tile/0/001.p/{size - 256}")
    for tile in (whole, partial):
        assert (tile.status_code, tile.headers["content-type"]) == (200, "application/octet-stream")
        assert "immutable" in tile.headers["cache-control"]
        assert "private" in tile.headers["cache-control"]
    content = whole.content + partial.content
    hashes = [content[at : at + 32] for at in range(0, len(content), 32)]
    assert len(whole.content) == 8192
    assert root_of(hashes) == root
    above = get(world, "tile/1/000.p/1").content
    assert above == root_of(hashes[:256])
    assert node_hash(above, root_of(hashes[256:])) == root
    leaves = unbundled(get(world, "tile/entries/000").content) + unbundled(get(world, f"tile/entries/001.p/{size - 256}").content)
    assert [leaf_hash(leaf) for leaf in leaves] == hashes
    assert [json.loads(leaf) for leaf in leaves] == world.leaves()[:size]


def test_entries_travel_compressed_to_whoever_takes_that(world: World) -> None:
    token = world.token(AUDITOR)
    packed = world.api.get_as("/audit/tile/entries/000.p/3", token, {"Accept-Encoding": "gzip"})
    plain = world.api.get_as("/audit/tile/entries/000.p/3", token, {"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/999",
        "tile/0/000.p/256",
        "tile/0/0",
        "tile/1/000",
        "tile/9/000.p/1",
        "tile/entries/999",
        "tile/entries/000.p/0",
        "tile/x",
    ],
)
def test_a_tile_that_the_log_does_not_have_is_not_found(world: World, path: str) -> None:
    answer = get(world, path)
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert "immutable" not in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1", "tile/0/nonsense", "tile/entries/999"])
def test_a_partner_cannot_fetch_the_log(world: World, path: str) -> None:
    before = len(world.leaves("refusal"))
    answer = get(world, path, PARTNER)
    assert (answer.status_code, answer.json()["code"]) == (403, "GW-DEN-01")
    assert world.api.get(f"/audit/{path}").status_code == httpx.codes.UNAUTHORIZED
    [refusal] = world.leaves("refusal")[before:]
    assert (refusal["client"], refusal["operation"], refusal["rules"]) == (PARTNER, "log_read", ["GW-AUT-01"])


def test_every_read_of_the_log_is_on_the_log_before_its_answer(world: World) -> None:
    entry = page(world).headers["gateway-entry"]
    reads = [
        (AUDITOR, "checkpoint", {}, {"what": "checkpoint"}),
        (AUDITOR, "tile/0/000.p/2", {}, {"what": "tile", "level": "0", "tile": "0", "width": "2"}),
        (AUDITOR, "tile/entries/000.p/2", {}, {"what": "entries", "level": "0", "tile": "0", "width": "2"}),
        (PARTNER, f"proof/{entry}", {}, {"what": "proof", "entry": entry}),
        (PARTNER, "consistency", {"from": "1", "to": "3"}, {"what": "consistency", "from": "1", "to": "3"}),
    ]
    for client, path, parameters, told in reads:
        answer = get(world, path, client, **parameters)
        leaf = world.leaves("log_read")[-1]
        assert leaf["id"] == answer.headers["gateway-entry"]
        assert leaf | told == leaf
        assert leaf["client"] == client
    size, _ = opened(world, get(world, "checkpoint").text)
    assert size == len(world.leaves()), "a checkpoint covers the entry of its own read"


def test_a_party_is_given_the_proof_of_its_entry_with_its_leaf(world: World) -> None:
    answer = page(world)
    link = answer.headers["link"]
    entry = answer.headers["gateway-entry"]
    assert link == f'</audit/proof/{entry}>; rel="https://c2sp.org/tlog-proof"; type="text/plain"'
    for client in (PARTNER, "lakeside-sis"):
        proof = get(world, f"proof/{entry}", client)
        leaf, index, path, note = read_proof(proof.text)
        size, root = opened(world, note)
        check_inclusion(leaf_hash(leaf), index, size, path, root)
        assert index == int(answer.headers["gateway-entry-index"])
        salted = base64.b64decode(answer.headers["gateway-body-salt"]) + answer.content
        assert json.loads(leaf)["body"] == hashlib.sha256(salted).hexdigest()


def test_the_receipts_checkpoint_covers_its_entry_and_the_log_only_grew_from_it(world: World) -> None:
    first = page(world)
    kept, kept_root = opened(world, base64.b64decode(first.headers["gateway-checkpoint"]).decode())
    assert int(first.headers["gateway-entry-index"]) < kept
    for _ in range(5):
        page(world)
    _, _, _, note = read_proof(get(world, f"proof/{first.headers['gateway-entry']}", PARTNER).text)
    size, root = opened(world, note)
    text = get(world, "consistency", PARTNER, **{"from": str(kept), "to": str(size)}).text
    old, new, *path = text.splitlines()
    assert (old, new) == (f"old {kept}", f"new {size}")
    check_consistency(kept, size, [base64.b64decode(line) for line in path], kept_root, root)


def test_an_entry_of_others_and_none_are_the_same_answer_made_in_the_same_way(world: World) -> None:
    theirs = page(world).headers["gateway-entry"]
    own = world.leaves("token")[-1]
    assert own["institutions"] == ["riverton"]
    answers, refusals, paths = [], [], []
    for entry in (theirs, own["id"], NOBODYS, "no-id-at-all", "x" * 500):
        token = world.token(OTHER)
        with statements(world) as asked:
            answer = world.api.get(f"/audit/proof/{entry}", token)
        paths.append(asked)
        answers.append((answer.status_code, {**answer.json(), "request": ""}))
        refusals.append({**world.leaves("refusal")[-1], "id": "", "time": "", "token": "", "request": ""})
    assert answers[0][0] == httpx.codes.NOT_FOUND
    assert answers[0][1]["code"] == "GW-REQ-09"
    for made in (answers, refusals, paths):
        assert made == [made[0]] * len(made)
    assert len(paths[0]) > 3


def test_an_entry_of_a_log_that_another_followed_is_proved_in_its_own(world: World) -> None:
    signer = Signer("gateway.local/audit/0", world.gateway.ring.signing_key("log"))
    leaf = b'{"id":"of-an-earlier-log"}'
    hashed = leaf_hash(leaf)
    earlier = sign_checkpoint(7, 1, hashed, signer)
    with world.gateway.database.write() as connection:
        connection.execute(insert(audit_log).values(log_id=7, origin="", key_id="", opened_at="", accepts=False))
        connection.execute(insert(audit_head).values(log_id=7, size=1, frontier=hashed, root=hashed, checkpoint=earlier.note))
        connection.execute(insert(audit_entry).values(log_id=7, seq=0, entry_id="of-an-earlier-log", leaf=leaf, leaf_hash=hashed))
        connection.execute(insert(audit_party).values(log_id=7, institution_id="riverton", seq=0))
    assert get(world, "proof/of-an-earlier-log", OTHER).status_code == httpx.codes.NOT_FOUND
    found, index, path, note = read_proof(get(world, "proof/of-an-earlier-log", PARTNER).text)
    assert (found, index, path, note) == (leaf, 0, [], earlier.note)


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Every statement that the database is asked meanwhile, without its values."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    engine = world.gateway.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"from": "1"},
        {"from": "0", "to": "1"},
        {"from": "2", "to": "1"},
        {"from": "1", "to": "1000000"},
        {"from": "1", "to": "02"},
        {"from": "1", "to": "2", "more": "3"},
        {"from": "1", "to": "٣"},
        {"from": "1", "to": "9" * 30},
    ],
)
def test_sizes_that_the_log_does_not_have_are_refused(world: World, sizes: dict[str, str]) -> None:
    answer = get(world, "consistency", PARTNER, **sizes)
    assert (answer.status_code, answer.json()["code"]) == (400, "GW-REQ-01")
    assert world.leaves("refusal")[-1]["operation"] == "log_read"


def test_a_parameter_is_refused_where_there_is_none(world: World) -> None:
    assert get(world, "checkpoint", size="3").status_code == httpx.codes.BAD_REQUEST


def test_a_log_out_of_reach_gives_nothing_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.token(AUDITOR)
    monkeypatch.setattr(world.gateway.log, "ready", False)
    for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        answer = world.api.get(f"/audit/{path}", token)
        assert (answer.status_code, answer.content) == (503, b"")
        assert "immutable" not in answer.headers["cache-control"]
