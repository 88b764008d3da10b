"""What compliance officers ask of the log."""
