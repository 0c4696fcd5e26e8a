"""`whet serve`: one run or model on a port of this machine."""

from collections.abc import Callable

from whet.errors import UserError
from whet.serve.endpoints import serve_app
from whet.serve.gate import checked_key
from whet.serve.heavier import heavier_lines, needs_system_prompt
from whet.serve.listen import listening, run_until_interrupted
from whet.serve.served_model import ServedModel, open_model
from whet.serve.server_names import origin
from whet.serve.shelf import Shelf
from whet.text import Log

Tell = Callable[[str], None]


def serve_run(
    what: str,
    *,
    port: int | None,
    host: str,
    api_key: str | None,
    name: str | None,
    format_name: str | None,
    temperature: float,
    tell: Tell,
    log: Log,
) -> None:
    """Serves a run's finished model, or any model, until Ctrl-C; `tell` gets the lines for the terminal.

    Raises `UserError` for a model that cannot be loaded, a port that cannot be had, or a missing key.
    """
    if not 0 <= temperature <= 10:
        raise UserError(f"--temperature: is {temperature:g}; it must be between 0 (greedy) and 10")
    key = checked_key(host, api_key)
    with listening(host, port) as listener:
        own, model = open_model(what, format_name, log)
        served = name or own
        app = serve_app(Shelf.of(served, model), api_key=key, host=host, temperature=temperature)

        def ready() -> None:
            for line in greeting(what, served, model, host, listener.getsockname()[1], key is not None):
                tell(line)

        run_until_interrupted(app.app, listener, app.stopped.set, ready)


def greeting(what: str, name: str, model: ServedModel, host: str, port: int, keyed: bool) -> list[str]:
    """The lines that say where the API is, and what serves it faster."""
    key = "the key of --api-key" if keyed else "any"
    layout = model.renderer.response_format
    hint = needs_system_prompt(layout.system_prompt)
    return [
        f"{name} at {origin(host, port)}/v1   model {name!r}, api key: {key}",
        "For heavier load:",
        *(f"  {line}" for line in heavier_lines(what, model.folder, name)),
        *([hint] if hint else []),
        "Ctrl-C ends it",
    ]
