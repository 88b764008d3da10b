"""The keyed hashes are the standard library's HMAC."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keys.keyed_hashes import BLOCK_BYTES, keyed_hashes


@given(st.binary(min_size=1, max_size=BLOCK_BYTES), st.lists(st.binary(max_size=200)))
def test_each_is_hmac_sha256(key: bytes, messages: list[bytes]) -> None:
    assert keyed_hashes(key, messages) == [hmac.digest(key, message, "sha256") for message in messages]


def test_a_key_longer_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        keyed_hashes(bytes(BLOCK_BYTES + 1), [b""])
