"""Review: the free texts of a provider that the redaction is not certain of, and what its steward decides about them."""

from gateway.review.decide import decide_texts
from gateway.review.desk import ReviewDesk
from gateway.review.wait import WaitingText, waiting_texts

__all__ = ["ReviewDesk", "WaitingText", "decide_texts", "waiting_texts"]
