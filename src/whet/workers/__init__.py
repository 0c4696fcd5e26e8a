"""Processes that run what may hang or crash: they are asked over a pipe, stopped when late, and started again.

    run ── request ──▶ keeper ── request ──▶ worker
        ◀── outcome ──        ◀── answer ───

A keeper runs no foreign code, so it always tells in time what became of a request. The worker is a fork of it: it is
killed with all that it started, and there again within milliseconds. Both end when the run does, however it ends.
"""
