"""Campaigns: seeded random runs. `make test` runs a sample of each, `make soak` the numbers that the issues state."""
