"""What `whet export` prints: what was written, how it differs from the model, and how to run it."""

from collections.abc import Callable, Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from whet.export.exporting import Exported
from whet.export.llama_cpp import TEXTS
from whet.text import shell_quoted


def export_page(done: Exported) -> RenderableType:
    """Renders the result of an export, with the commands that use it."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for what, figure, note in _rows(done):
        table.add_row(what, Text(figure, style="bold"), Text(note, style="dim"))
    commands = [Text(f"  {line}", style="cyan") for line in COMMANDS[done.kind](done)]
    return Group(table, Text(), Text("Use it with"), *commands)


def _rows(done: Exported) -> Iterator[tuple[str, str, str]]:
    found, bound = done.difference, done.bound
    yield "written", str(done.path), f"{done.kind}, {done.type}, {done.bytes / 1e6:,.0f} MB, {done.seconds:.0f} s"
    yield (
        "max |Δ log p|",
        f"{found.logprob:.2g}",
        f"at most {bound.logprob:g} nats, over {found.tokens} response tokens",
    )
    yield "max KL", f"{found.kl:.2g}", f"at most {bound.kl:g} nats"
    yield "same top-1", f"{100 * found.top1:.1f} %", f"at least {100 * bound.top1:g} %"
    if done.same_tokens is not None:
        yield "same tokens", f"{done.same_tokens} of {TEXTS}", "random and held-out texts, in llama.cpp"
    if done.system_prompt:
        yield "ask it with", "its system prompt", SYSTEM.get(done.kind, "of the run's format; `--json` prints it")


SYSTEM: Mapping[str, str] = {"ollama": "which the Modelfile sets"}
"""By kind: where the system prompt is, if it comes along."""


def _folder(done: Exported) -> list[str]:
    word = shell_quoted(done.path)
    return [
        f"whet chat {word}",
        f"vllm serve {word} --served-model-name {shell_quoted(done.name)}",
        f"mlx_lm.generate --model {word} --prompt 'What is 37 + 45?'",
    ]


def _zip(done: Exported) -> list[str]:
    return [f"python -m zipfile -e {shell_quoted(done.path)} ."]


def _gguf(done: Exported) -> list[str]:
    path, small = shell_quoted(done.path), shell_quoted(done.path.with_name(f"{done.path.stem}-Q4_K_M.gguf"))
    return [f"llama-server -m {path} --jinja --reasoning-format none", f"llama-quantize {path} {small} Q4_K_M"]


def _ollama(done: Exported) -> list[str]:
    name = shell_quoted(done.name.lower())
    return [f"ollama create {name} -f {shell_quoted(done.path / 'Modelfile')}", f"ollama run {name}"]


def _adapter(done: Exported) -> list[str]:
    return [f"peft.AutoPeftModelForCausalLM.from_pretrained({str(done.path)!r})"]


COMMANDS: Mapping[str, Callable[[Exported], list[str]]] = {
    "hf": _folder,
    "zip": _zip,
    "gguf": _gguf,
    "ollama": _ollama,
    "adapter": _adapter,
}
"""By kind: what runs the export."""
