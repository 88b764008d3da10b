"""The catalog: every resource and element, what class it has and which person it is about; the source of what derives."""
