"""Free text: find what tells who somebody is, and take it out."""

from gateway.redact.text.cleared import cleared_by, standing
from gateway.redact.text.column import Place, TextRedactor, text_redactor, withhold_text
from gateway.redact.text.known import KnownPeople, know
from gateway.redact.text.replace import Redacted, redact_text

__all__ = [
    "KnownPeople",
    "Place",
    "Redacted",
    "TextRedactor",
    "cleared_by",
    "know",
    "redact_text",
    "standing",
    "text_redactor",
    "withhold_text",
]
