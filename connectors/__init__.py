"""Connectors pull records from an institution's own system; they know `gateway.domain` and `gateway.errors` only."""
