"""An independent reading of the agreement language, and random questions to put to it and to the engine."""
