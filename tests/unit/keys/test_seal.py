"""A sealed value opens in its own place only."""

from __future__ import annotations

import pytest

from gateway.errors import IntegrityError
from gateway.keys.seal import DataKey, Sealer

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
