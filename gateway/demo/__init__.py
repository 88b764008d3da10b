"""The demonstration: two fictional institutions, their untidy extracts, and a walk down the whole road."""
