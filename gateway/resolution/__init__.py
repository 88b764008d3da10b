"""Resolution: records of a provider that are likely about one person, and what its steward says about them. Nobody else merges."""

from gateway.resolution.desk import ResolutionDesk
from gateway.resolution.judge import judge_pair
from gateway.resolution.likely import LikelyPair, Somebody, likely_pairs

__all__ = ["LikelyPair", "ResolutionDesk", "Somebody", "judge_pair", "likely_pairs"]
