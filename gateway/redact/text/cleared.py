"""Which uncertain texts a steward cleared: each for this text in this place, and for what is to be seen of it, and for no other."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.identifiers import ElementPath
from gateway.domain.text_review import Outcome, TextDecision, TextKey
from gateway.keys.text_digests import TextDigests
from gateway.redact.text.column import Cleared, Place


def cleared_by(decided: Mapping[TextKey, TextDecision], digests: TextDigests) -> Cleared:
    """By what was decided about the texts of a page."""

    def cleared(path: ElementPath, place: Place, text: str, redacted: str) -> bool:
        return standing(decided, digests, (path, place), text, redacted) == "released"

    return cleared


def standing(
    decided: Mapping[TextKey, TextDecision], digests: TextDigests, key: TextKey, text: str, redacted: str
) -> Outcome | None:
    """What was decided about exactly this; None where nothing was, or where the text or what is taken out of it is another now."""
    made = decided.get(key)
    if made is None or made.source != digests.of(*key, text) or made.redacted != digests.of(*key, redacted):
        return None
    return made.outcome
