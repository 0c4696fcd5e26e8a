"""The commands that ask a model: `whet chat`, `whet serve`, `whet eval --ask`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import arg

from whet.cli.arguments import whole_number
from whet.cli.common import Count, File, Name, RunOrModel
from whet.cli.terminal import console, prepare, progress

if TYPE_CHECKING:
    from whet.config import Config


KEY = "WHET_API_KEY"
"""The environment variable that holds the key of `whet serve`, so that no list of processes shows it."""


def chat(
    what: RunOrModel,
    /,
    *,
    base: bool = False,
    prompt: Annotated[str | None, arg(metavar="TEXT")] = None,
    save: File = None,
    format: Name = None,
    temperature: Annotated[float, arg(metavar="T")] = 0.0,
    max_tokens: Count = None,
) -> None:
    """Talk to a run or a model; reasoning and answer are shown apart.

    Args:
        base: put the untrained model's answer beside it.
        prompt: ask this one question and stop.
        save: append question, reasoning and answer to this JSONL file.
        format: the response format to prompt for; the default is the run's own, and none for a model.
        temperature: 0 answers greedily.
        max_tokens: the limit on the tokens of an answer; the default is the run's own.
    """
    prepare()
    from whet.chat import converse, open_chat

    limit = None if max_tokens is None else whole_number("max-tokens", max_tokens)
    log = console(stderr=True).print
    found = open_chat(what, base, format_name=format, temperature=temperature, max_tokens=limit, log=log)
    converse(found, console(), save, prompt)


def serve(
    what: RunOrModel,
    /,
    *,
    port: Count = None,
    host: Annotated[str, arg(metavar="ADDRESS")] = "127.0.0.1",
    api_key: Annotated[str | None, arg(metavar="KEY")] = None,
    name: Name = None,
    format: Name = None,
    temperature: Annotated[float, arg(metavar="T")] = 1.0,
) -> None:
    """Serve a run or a model by the OpenAI API, over the same engine as in training; Ctrl-C ends it.

    Args:
        port: the port to serve on; the default is 8000, or a free one where that is taken.
        host: the address to serve on; others than this machine's own need a key.
        api_key: what clients must send; better set in WHET_API_KEY, as other users see command lines.
        name: the model's name for clients; the default is the run's.
        format: the response format to prompt for; the default is the run's own, and none for a model.
        temperature: where a request names none; 0 answers greedily.
    """
    number = None if port is None else whole_number("port", port)
    prepare()
    from whet.serve.serving_run import serve_run

    serve_run(
        what,
        port=number,
        host=host,
        api_key=api_key or os.environ.get(KEY),
        name=name,
        format_name=format,
        temperature=temperature,
        tell=lambda line: print(line, flush=True),
        log=console(stderr=True).print,
    )


def ask_problems(what: str, config: "Config", save: Path | None) -> None:
    """Asks a model its held-out problems one by one, as `whet eval --ask` does."""
    from whet.chat.quiz import Quiz, ask_around
    from whet.stages.evaluate import evaluation_task

    with progress(as_json=True) as view:
        task = evaluation_task(config, view)
    task.sampler.load(task.policy)
    ask_around(Quiz(what, config, task), console(), save)
