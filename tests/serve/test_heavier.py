"""The lines for other engines."""

import shlex

from whet.serve.heavier import heavier_lines, needs_system_prompt


def test_lines_name_the_run_its_folder_and_one_short_name() -> None:
    vllm, llama, ollama = heavier_lines("runs/toy-001:step-4", "runs/toy-001/models/step-4", "toy-001:step-4")
    assert "vllm serve runs/toy-001/models/step-4 --served-model-name toy-001-step-4" in vllm
    assert "whet export runs/toy-001:step-4 --to toy-001-step-4.gguf --kind gguf" in llama
    assert llama.endswith("llama-server -m toy-001-step-4.gguf --jinja --reasoning-format none")
    assert "ollama create toy-001-step-4 -f toy-001-step-4-ollama/Modelfile" in ollama


def test_every_line_is_a_command() -> None:
    for line in heavier_lines("runs/toy-001", "runs/toy-001/final", "toy-001"):
        assert len(shlex.split(line.partition(":")[2])) > 3


def test_names_with_spaces_are_one_word() -> None:
    vllm, llama, ollama = (shlex.split(line.partition(":")[2]) for line in heavier_lines("my a", "my runs/a", "my a"))
    assert vllm == ["vllm", "serve", "my runs/a", "--served-model-name", "my a"]
    assert llama[:5] == ["whet", "export", "my a", "--to", "my a.gguf"]
    assert llama[-5:-3] == ["-m", "my a.gguf"]
    assert ollama[-4:] == ["create", "my a", "-f", "my a-ollama/Modelfile"]


def test_a_format_without_a_system_prompt_needs_no_word() -> None:
    assert needs_system_prompt("") is None
    assert "system prompt" in (needs_system_prompt("Think.") or "")
