"""Benchmarks: what a page of the permitted view costs, against a floor in the same run."""
