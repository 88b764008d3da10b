"""The campaigns whole."""
