"""`whet export` on the command line."""

import json
from pathlib import Path

import pytest

from export.models_to_export import save
from wiring import status


def test_a_model_is_exported_and_the_result_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = save(tmp_path / "mine")
    assert status("export", str(folder), "--to", str(tmp_path / "out"), "--json") == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert found["kind"] == "hf"
    assert found["difference"]["logprob"] == 0.0
    assert "writing out" in shown.err
    assert status("export", str(folder), "--to", str(tmp_path / "out"), "--replace") == 0
    assert "max |Δ log p|" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Missing from whet export: --to"),
        (["--to", "out", "--kind", "ggfu"], "did you mean gguf?"),
        (["--to", "out.gguf", "--type", "q4_k_m"], "--type: is 'q4_k_m'"),
        (["--to", "out", "--adapter"], "--adapter: mine is no run"),
        (["--to", "mine"], "mine is there already"),
        (["--to", "out.bin", "--kind", "gguf"], "must end in .gguf"),
    ],
)
def test_what_is_wrong_is_a_line(
    options: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()  # what saving the model showed
    assert status("export", "./mine", *options) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
