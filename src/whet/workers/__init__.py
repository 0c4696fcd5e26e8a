"""Worker processes for code that may hang or crash: requests over a socket, a time limit, kill and restart.

    run ── request ──▶ supervisor ── request ──▶ worker
        ◀── outcome ──            ◀── answer ───

A supervisor runs no foreign code, so it always returns the outcome of a request in time. The worker is a fork of it: it
is killed with all that it started, and forked again within milliseconds. Both end when the run does, however it ends.
"""
