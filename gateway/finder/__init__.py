"""The finder file, made by the gateway: who of an institution's own records are among a provider's people, by a number that both
know and else by a steward's judgement, and only as far as both schedules of their agreement go."""

from gateway.finder.alike import AlikePair, Desks, Question, alike_pairs
from gateway.finder.fill import Filled, fill_roster
from gateway.finder.judge import judge_alike

__all__ = ["AlikePair", "Desks", "Filled", "Question", "alike_pairs", "fill_roster", "judge_alike"]
