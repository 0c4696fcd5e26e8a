"""`whet ui`: serves the page on a port of this machine until Ctrl-C."""

import os
import socket
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

import uvicorn

from whet.dashboard.access import VARIABLE, Access, checked_token, is_loopback
from whet.dashboard.app import Page
from whet.dashboard.library import Library
from whet.errors import UserError

PORT = 8642
"""The port that is tried first; a free one is taken where it is in use."""

Tell = Callable[[str], None]


class Server(uvicorn.Server):
    """A server whose streams end on the first signal: uvicorn would wait for open ones for ever."""

    def __init__(self, config: uvicorn.Config, page: Page, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._page, self._ready = page, ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ends the page's streams, then does what uvicorn does."""
        self._page.stop.set()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, and then says so."""
        await super().startup(sockets)
        self._ready()


def serve(
    root: Path, port: int | None = None, host: str = "127.0.0.1", browser: bool = True, tell: Tell = print
) -> None:
    """Serves the runs in `root` until Ctrl-C; `tell` gets the lines for the terminal.

    Raises `UserError` where there is no such folder, the port is taken, or `host` needs a token of the user's own.
    """
    token = checked_token(host, os.environ.get(VARIABLE))
    library = Library(root)
    with listening(host, port) as listener:
        access = Access(host, listener.getsockname()[1], token)
        page = Page(library, access)
        for line in greeting(library, access):
            tell(line)

        def ready() -> None:
            if browser:
                Thread(target=_open, args=(access.link,), daemon=True).start()

        server = Server(configuration(page.app), page, ready)
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:  # uvicorn raises the signal again once everything has ended
            tell("")


def configuration(app: Any) -> uvicorn.Config:
    """How uvicorn serves: quietly, and without telling what it is."""
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
        limit_concurrency=200,
    )


def greeting(library: Library, access: Access) -> list[str]:
    """The lines that say where the page is."""
    count = len(library.listing())
    runs = "no runs yet" if not count else "1 run" if count == 1 else f"{count} runs"
    others = [] if is_loopback(access.host) else ["others on this network reach it too; the link is the key"]
    return [f"{runs} in {library.root}", f"  {access.link}", *others, "Ctrl-C ends it"]


def listening(host: str, port: int | None) -> socket.socket:
    """Returns a socket that listens on `port`; without one on `PORT`, or on a free one where that is taken.

    Raises `UserError` where the port or the address cannot be had.
    """
    choices = [port] if port is not None else [PORT, 0]
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


def _open(link: str) -> None:
    """Opens the browser; where there is none, the printed link is enough."""
    try:
        webbrowser.open(link)
    except webbrowser.Error:
        return
