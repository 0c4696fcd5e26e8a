"""`whet serve`: what it says, and what it refuses."""

import re
from pathlib import Path
from typing import Any

import pytest

from serving import tiny_run
from whet.errors import UserError
from whet.serve import serving_run
from whet.serve.served_model import open_model
from whet.serve.serving_run import greeting, serve_run
from whet.text import silent

OPTIONS: dict[str, Any] = {
    "port": 0,
    "host": "127.0.0.1",
    "api_key": None,
    "name": None,
    "format_name": None,
    "temperature": 1.0,
    "log": silent,
}


def test_it_says_where_it_is_when_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tiny_run(tmp_path)
    said: list[str] = []
    monkeypatch.setattr(serving_run, "run_until_interrupted", lambda app, listener, on_exit, ready: ready())
    serve_run(str(run), tell=said.append, **OPTIONS)
    assert re.fullmatch(r"tiny-run at http://127\.0\.0\.1:\d+/v1   model 'tiny-run', api key: any", said[0])
    assert f"vllm serve {run / 'final'}" in said[2]
    assert said[-1] == "Ctrl-C ends it"


def test_a_name_of_the_users_own(tmp_path: Path) -> None:
    run = tiny_run(tmp_path)
    lines = greeting(str(run), "mine", open_model(str(run))[1], "::", 8000, keyed=True)
    assert lines[0] == "mine at http://[::1]:8000/v1   model 'mine', api key: the key of --api-key"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"host": "0.0.0.0"}, "--host: others can reach"),
        ({"temperature": -1.0}, "--temperature: is -1"),
        ({"port": 70000}, "--port"),
    ],
)
def test_wrong_options_are_refused_before_a_model_loads(change: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        serve_run("no-such-model", tell=print, **{**OPTIONS, **change})
