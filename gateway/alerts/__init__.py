"""Alerts: what the audit log and the state of things show that somebody should look at, by rules of the operator's file.

`read_rules` reads the file, `evaluate` and `stand` are pure and say what is to be raised, `watch` is one turn of a process: it
reads on from where the last turn ended, stores what is raised with its audit event, and tells it through channels.
"""
