"""Verify a receipt offline: Python's own library and `cryptography`, nothing else of the gateway.

So that who checks the gateway needs none of it: `pip install --no-deps educator-data-gateway` and `pip install cryptography`.
"""
