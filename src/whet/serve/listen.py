"""Serves an ASGI application on a port until Ctrl-C, which ends open streams at once."""

import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from whet.errors import UserError

PORT = 8000
"""The port that is tried first; a free one is taken where it is in use."""


class InterruptibleServer(uvicorn.Server):
    """A server that tells its application of the first signal: uvicorn would wait for open streams for ever."""

    def __init__(self, config: uvicorn.Config, on_exit: Callable[[], None], ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_exit, self._ready = on_exit, ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ends the application's streams, then does what uvicorn does."""
        self._on_exit()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, and then says so."""
        await super().startup(sockets)
        self._ready()


def run_until_interrupted(
    app: Any, listener: socket.socket, on_exit: Callable[[], None], ready: Callable[[], None] = lambda: None
) -> None:
    """Serves `app` on a listening socket until a signal; `on_exit` is called with the first one."""
    try:
        InterruptibleServer(configuration(app), on_exit, ready).run(sockets=[listener])
    except KeyboardInterrupt:  # uvicorn raises the signal again once everything has ended
        return


def configuration(app: Any) -> uvicorn.Config:
    """Returns how uvicorn serves: quietly, without telling what it is, and ending soon where it is told to."""
    return uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=3,
        limit_concurrency=800,
    )


def listening(host: str, port: int | None, first: int = PORT) -> socket.socket:
    """Returns a socket that listens on `port`; without one on `first`, or on a free one where that is taken.

    Raises `UserError` where the port or the address cannot be had.
    """
    choices = [port] if port is not None else [first, 0]
    for choice in choices:
        try:
            return _bound(host, choice)
        except OverflowError:
            raise UserError(f"--port: is {choice}; it must be between 0 and 65535") from None
        except OSError as error:
            if choice == choices[-1]:
                fix = "name another one, or leave --port out" if port is not None else "name another --host"
                raise UserError(f"--port: {host}:{choice} cannot be had ({error.strerror}); {fix}") from error
    raise AssertionError  # there is always a last choice


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
    except BaseException:
        made.close()
        raise
    return made
