"""A served tiny model on a real port."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

import tiny
from whet.recipe import dump_recipe, load_recipe
from whet.runs.writer import RunWriter
from whet.serve.endpoints import ServeApp
from whet.serve.listen import listening


def tiny_run(folder: Path, **changes: object) -> Path:
    """A finished run of a tiny model in think_answer; `changes` are recipe keys with `__` for dots."""
    base = tiny.save_tiny(folder / "base", seed=1)
    keys = {name.replace("__", "."): value for name, value in changes.items()}
    recipe = load_recipe("quickstart", {"model.name": str(base), "grpo.sampling.max_tokens": 12, **keys})
    with RunWriter.create(folder, dump_recipe(recipe), {}, name="tiny-run") as writer:
        tiny.save_tiny(writer.final, seed=2)
        return writer.path


@contextmanager
def running(made: ServeApp) -> Iterator[str]:
    """Serves the application in a thread; yields its address."""
    with listening("127.0.0.1", 0) as listener:
        config = uvicorn.Config(made.app, log_level="error", lifespan="on", ws="none", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            made.close()
