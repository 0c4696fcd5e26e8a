"""The engines to serve a model with under heavy load, each as the lines that start it."""

from pathlib import Path

from whet.text import shell_quoted


def heavier_lines(what: str, folder: str, name: str) -> list[str]:
    """Returns the lines for vLLM, llama.cpp and ollama.

    Args:
        what: the run or model as `whet serve` was given it.
        folder: the model's folder or name.
        name: the name that it is served by.
    """
    short = Path(name).name.replace(":", "-")
    gguf, ollama = shell_quoted(f"{short}.gguf"), shell_quoted(f"{short}-ollama")
    short = shell_quoted(short)
    return [
        f"vLLM:      vllm serve {shell_quoted(folder)} --served-model-name {short}",
        f"llama.cpp: whet export {shell_quoted(what)} --to {gguf} --kind gguf && "
        f"llama-server -m {gguf} --jinja --reasoning-format none",
        f"ollama:    whet export {shell_quoted(what)} --to {ollama} --kind ollama && "
        f"ollama create {short} -f {ollama}/Modelfile",
    ]


def needs_system_prompt(system_prompt: str) -> str | None:
    """Returns the line that says what clients of vLLM and llama.cpp must send; None where it is nothing."""
    if not system_prompt:
        return None
    return "The format's system prompt is added here; to vLLM and llama.cpp clients send it (docs/how-to/serve.md)"
