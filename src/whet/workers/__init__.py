"""Processes that run what may hang or crash: they are asked over a socket, killed when late, and started again.

    run ── request ──▶ supervisor ── request ──▶ worker
        ◀── outcome ──            ◀── answer ───

A supervisor runs no foreign code, so it always reports in time what became of a request. The worker is a fork of it:
it is killed with all that it started, and there again within milliseconds. Both end when the run does, however it ends.
"""
