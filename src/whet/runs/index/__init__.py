"""A derived index of all rollouts of a run in SQLite: written by readers, never by training; delete it at any time."""
