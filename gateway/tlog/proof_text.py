"""Proofs as text: C2SP tlog-proof (`c2sp.org/tlog-proof`) of one entry, and that the log only grew from one size to another."""

from __future__ import annotations

import base64
from collections.abc import Sequence

FIRST_LINE = "c2sp.org/tlog-proof@v1"


def proof_text(leaf: bytes, index: int, path: Sequence[bytes], note: str) -> str:
    """The proof that `leaf` stands at `index` in the tree of the checkpoint `note`. The leaf goes along as the format's extra data:
    without it nobody but the log could say what the proof is of."""
    lines = [FIRST_LINE, f"extra {_base64(leaf)}", f"index {index}", *(_base64(hashed) for hashed in path)]
    return "\n".join(lines) + f"\n\n{note}"


def consistency_text(first: int, second: int, path: Sequence[bytes]) -> str:
    """The proof that the tree of `first` entries is a prefix of that of `second`: both sizes, then a hash a line (RFC 6962, 2.1.2).
    It is written as a witness takes one (`c2sp.org/tlog-witness`), with the second size in the place of its checkpoint, which
    the reader holds already."""
    return "\n".join([f"old {first}", f"new {second}", *(_base64(hashed) for hashed in path)]) + "\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
