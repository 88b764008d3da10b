"""A blind index says that two values are equal, in one element of one provider, and nothing else."""

from __future__ import annotations

from gateway.keys.blind_index import DIGEST_BYTES, BlindIndex


def test_equal_values_look_equal_in_one_element_alone() -> None:
    index, other, theirs = BlindIndex(bytes(32), "candidates"), BlindIndex(bytes(32), "staffs"), BlindIndex(b"1" * 32, "candidates")
    digest = index.of("candidateIdentifier", "LU000001")
    assert len(digest) == DIGEST_BYTES
    assert digest == BlindIndex(bytes(32), "candidates").of("candidateIdentifier", "LU000001")
    others = [index.of("loginId", "LU000001"), index.of("candidateIdentifier", "LU000002")]
    others += [other.of("candidateIdentifier", "LU000001"), theirs.of("candidateIdentifier", "LU000001")]
    assert digest not in others
