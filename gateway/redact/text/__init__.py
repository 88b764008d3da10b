"""Free text: find what tells who somebody is, and take it out."""

from gateway.redact.text.column import Place, TextRedactor, text_redactor, withhold_text
from gateway.redact.text.known import KnownPeople, know
from gateway.redact.text.replace import Redacted, redact_text

__all__ = ["KnownPeople", "Place", "Redacted", "TextRedactor", "know", "redact_text", "text_redactor", "withhold_text"]
