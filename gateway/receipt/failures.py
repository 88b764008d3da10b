"""What can be wrong: a file that is not what it should be, and a claim that does not hold."""

from __future__ import annotations


class Unreadable(Exception):
    """A file is missing or malformed; the text says which and what it should be."""


class DoesNotHold(Exception):
    """What was checked is not so; the text says what."""
