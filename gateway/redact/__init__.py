"""Redact (pure): apply what SQL could not, a column at a time: pseudonyms, sealed identifiers, masks."""

from gateway.redact.page import Opener, OwnIdOpener, redact
from gateway.redact.text import Place

__all__ = ["Opener", "OwnIdOpener", "Place", "redact"]
