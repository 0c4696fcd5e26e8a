"""Shows the progress of a run: a live view on a terminal, plain lines elsewhere."""
