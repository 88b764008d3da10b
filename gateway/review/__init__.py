"""Review: the free texts of a provider that the redaction is not certain of, and what its steward decides about them."""

from gateway.review.decide import decide_texts
from gateway.review.desk import ReviewDesk, Reviewer
from gateway.review.wait import WaitingText, waiting_texts

__all__ = ["ReviewDesk", "Reviewer", "WaitingText", "decide_texts", "waiting_texts"]
