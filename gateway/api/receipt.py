"""The receipt of an answer, in its headers (decision 19): which entry of the log is its own, and how to have that proved."""

from __future__ import annotations

import base64

from gateway.domain.auditing import AuditEntry

PROOF_RELATION = "https://c2sp.org/tlog-proof"


def receipt(entry: AuditEntry) -> dict[str, str]:
    """Id and index of the entry, where its proof is, and in base64 the checkpoint that covers it: signed and kept by the client, it
    ties the log to the entry before anybody asks for a proof."""
    return {
        "Gateway-Entry": entry.entry,
        "Gateway-Entry-Index": str(entry.index),
        "Gateway-Checkpoint": base64.b64encode(entry.checkpoint.note.encode()).decode(),
        "Link": f'</audit/proof/{entry.entry}>; rel="{PROOF_RELATION}"; type="text/plain"',
    }
