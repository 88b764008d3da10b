"""A sealed value opens in its own place only."""

from __future__ import annotations

import pytest

from gateway.errors import IntegrityError
from gateway.keys.seal import DataKey, DataKeys, Sealer

KEY = DataKey("k1", bytes(range(32)))


def test_a_sealed_value_opens_where_it_was_sealed() -> None:
    sealer = Sealer(KEY, "candidates")
    assert sealer.unseal(sealer.seal(b"name", "lakeside|1|1"), "lakeside|1|1") == b"name"


@pytest.mark.parametrize(
    ("key", "table", "row"),
    [
        (KEY, "candidates", "lakeside|2|1"),
        (KEY, "staffs", "lakeside|1|1"),
        (DataKey("k2", KEY.secret), "candidates", "lakeside|1|1"),
        (DataKey("k1", bytes(32)), "candidates", "lakeside|1|1"),
    ],
)
def test_a_sealed_value_moved_to_another_place_does_not_open(key: DataKey, table: str, row: str) -> None:
    sealed = Sealer(KEY, "candidates").seal(b"name", "lakeside|1|1")
    with pytest.raises(IntegrityError):
        Sealer(key, table).unseal(sealed, row)


def test_a_column_opens_as_its_values_do_one_by_one() -> None:
    sealer = Sealer(KEY, "candidates__telephones")
    column = [sealer.seal(b"one", "100%|1|1|0"), None, sealer.seal(b"two", "100%|2|1|3")]
    assert sealer.unseal_each(column, "100%", [(1, 1, 0), (9, 9, 9), (2, 1, 3)]) == [b"one", None, b"two"]
    for places in ([(1, 1, 0), (9, 9, 9), (2, 1, 4)], [(2, 1, 3), (9, 9, 9), (1, 1, 0)]):
        with pytest.raises(IntegrityError):
            sealer.unseal_each(column, "100%", places)
    with pytest.raises(IntegrityError):
        sealer.unseal_each([b"", *column[1:]], "100%", [(1, 1, 0), (9, 9, 9), (2, 1, 3)])


def test_equal_values_never_look_equal_when_sealed() -> None:
    sealer = Sealer(KEY, "candidates")
    assert len({sealer.seal(b"name", "lakeside|1|1") for _ in range(100)}) == 100


def test_every_changed_byte_is_noticed() -> None:
    sealer = Sealer(KEY, "candidates")
    sealed = sealer.seal(b"name", "row")
    for at in range(len(sealed)):
        broken = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(IntegrityError):
            sealer.unseal(broken, "row")


def test_a_key_never_shows_its_secret() -> None:
    assert "k1" in repr(KEY)
    assert repr(KEY.secret) not in repr(KEY)


def test_keys_before_still_open_and_the_current_one_seals() -> None:
    older = [Sealer(DataKey(name, name.encode() * 16), "candidates") for name in ("k0", "k1")]
    both = Sealer(DataKeys(DataKey("k2", bytes(32)), (DataKey("k1", b"k1" * 16), DataKey("k0", b"k0" * 16))), "candidates")
    column = [older[0].seal(b"zero", "p|1|1"), None, older[1].seal(b"one", "p|2|1"), both.seal(b"two", "p|3|1")]
    places = [(1, 1), (9, 9), (2, 1), (3, 1)]
    assert both.unseal_each(column, "p", places) == [b"zero", None, b"one", b"two"]
    assert both.unseal_each(column, "p", iter(places)) == [b"zero", None, b"one", b"two"]
    stale = [both.sealed_by_older(blob, f"p|{row}|{version}") for blob, (row, version) in zip(column, places, strict=True) if blob]
    assert stale == [True, True, False]
    for wrong in ([(1, 1), (9, 9), (2, 1), (3, 2)], [(1, 2), (9, 9), (2, 1), (3, 1)]):
        with pytest.raises(IntegrityError):
            both.unseal_each(column, "p", wrong)
    with pytest.raises(IntegrityError):
        both.sealed_by_older(column[0] or b"", "p|2|1")
    alone = Sealer(DataKey("k2", bytes(32)), "candidates")
    assert alone.unseal(column[3] or b"", "p|3|1") == b"two"
