"""Progress of a run on the terminal: a live view, or plain lines where there is no terminal."""
