"""Metrics for the operator's Prometheus, on a port of their own: what this process did, and how the sources stand.

They name routes, rules and sources, never a client, a record, a value or what somebody asked for.
"""
