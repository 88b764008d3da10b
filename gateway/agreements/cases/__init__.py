"""Cases: what an agreement should permit and refuse, written beside it, and run before anybody signs."""
