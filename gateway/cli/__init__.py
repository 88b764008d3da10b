"""The commands: the same use cases as the API's, for operators and integrators at a terminal."""

from gateway.cli.main import main

__all__ = ["main"]
