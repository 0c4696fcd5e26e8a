"""The commands that ask a model: their options reach the work."""

from typing import Any

import pytest

from whet.cli.main import main


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(words)
    return int(end.value.code or 0)


def test_serve_passes_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    import whet.serve.serving_run as module

    seen: dict[str, Any] = {}
    monkeypatch.setattr(module, "serve_run", lambda what, **options: seen.update(what=what, **options))
    monkeypatch.setenv("WHET_API_KEY", "from-the-environment")
    assert run("serve", "runs/a", "--port", "9", "--temperature", "0", "--name", "mine") == 0
    shown = {name: value for name, value in seen.items() if name not in ("tell", "log")}
    assert shown == {
        "what": "runs/a",
        "port": 9,
        "host": "127.0.0.1",
        "api_key": "from-the-environment",
        "name": "mine",
        "format_name": None,
        "temperature": 0.0,
    }


def test_serve_refuses_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("serve", "runs/a", "--port", "x") == 2
    assert capsys.readouterr().err == "whet: --port: is 'x'; it must be a whole number\n"
    assert run("serve", "runs/none", "--host", "0.0.0.0") == 2
    assert "set --api-key" in capsys.readouterr().err
