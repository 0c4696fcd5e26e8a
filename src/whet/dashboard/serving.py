"""`whet ui`: serves the page on a port of this machine until Ctrl-C."""

import os
import webbrowser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread

from whet.dashboard.access import VARIABLE, Access, checked_token
from whet.dashboard.app import Page
from whet.dashboard.library import Library
from whet.serve import API
from whet.serve.listen import listening as listening_from
from whet.serve.listen import run_until_interrupted
from whet.serve.server_names import is_loopback, origin

PORT = 8642
"""The port that is tried first; a free one is taken where it is in use."""

Tell = Callable[[str], None]

listening = partial(listening_from, first=PORT)
"""A socket that listens on a port; without one on `PORT`, or on a free one where that is taken."""


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

        def ready() -> None:
            for line in greeting(library, access):
                tell(line)
            if browser:
                Thread(target=_open, args=(access.link,), daemon=True).start()

        run_until_interrupted(page.app, listener, page.end, ready)
        tell("")


def greeting(library: Library, access: Access) -> list[str]:
    """The lines that say where the page is."""
    count = len(library.listing())
    runs = "no runs yet" if not count else "1 run" if count == 1 else f"{count} runs"
    others = [] if is_loopback(access.host) else ["others on this network reach it too; the link is the key"]
    api = f"  OpenAI API: {origin(access.host, access.port)}{API}, its key is the token"
    return [f"{runs} in {library.root}", f"  {access.link}", api, *others, "Ctrl-C ends it"]


def _open(link: str) -> None:
    """Opens the browser; where there is none, the printed link is enough."""
    try:
        webbrowser.open(link)
    except webbrowser.Error:
        return
