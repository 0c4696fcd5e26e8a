"""Trains a tiny random model of every family for two steps, and writes which of them do to docs/models.md.

`python -m benchmarks.families` takes half an hour on one core; `python -m benchmarks.families gpt2 mamba` tries some
families again and replaces their rows.
"""

import logging
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import whet
from benchmarks.tiny_configs import tiny_config
from whet.errors import UserError
from whet.runs.views.view import PlainView
from whet.text import first_line

PAGE = Path(__file__).parents[1] / "docs" / "models.md"

ROW = re.compile(r"^\| `(?!model_type`)([^`]+)` \| ([^|]*) \| ([^|]*) \| (.*) \|$", re.MULTILINE)

PATIENCE = 300
"""Seconds for one family."""

REWARD = """
def alternate(completions, **columns):
    return [float(place % 2) for place, _ in enumerate(completions)]
"""

LARGE = 5e-2
"""A learning rate that moves every weight far enough to see whether the saved model has it."""

FAST, OWN = "fast paths", "its own forward"
REFUSED, UNMADE, FAILED = "refused", "not made tiny", "FAILED"
OUTCOMES = (FAST, OWN, REFUSED, UNMADE, FAILED)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one family."""

    kind: str
    full: str
    """Training all weights: one of `OUTCOMES`."""
    lora: str
    """Training adapters; "" where full training did not end well."""
    why: str

    def markdown(self) -> str:
        """Returns the row of the table."""
        why = self.why.replace("|", "\\|")
        return f"| `{self.kind}` | {self.full} | {self.lora or '–'} | {why} |"


def kinds() -> list[str]:
    """Returns the families that `AutoModelForCausalLM` of the installed transformers knows, in alphabetical order."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    return sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


def tried(kind: str) -> Row:
    """Makes a tiny model of a family and trains it twice, all weights and then adapters."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        try:
            with _patience():
                save_tiny(kind, folder / "model")
        except Exception as error:  # transformers raises many types
            return Row(kind, UNMADE, "", f"{type(error).__name__}: {first_line(error)[:160]}")
        full, why = _outcome(folder, "full", None)
        if full not in (FAST, OWN):
            return Row(kind, full, "", why)
        lora, why = _outcome(folder, "lora", {"rank": 4})
        return Row(kind, full, "yes" if lora == full else lora, why)


def save_tiny(kind: str, folder: Path) -> None:
    """Writes a tiny random model of a family with the tests' tokenizer. Raises what transformers does."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from tiny import tiny_tokenizer

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(tiny_config(kind))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "conv" not in name:  # as initialised, next to nothing depends on the context
                weight.copy_(torch.randn_like(weight) * 1.4 / weight.shape[-1] ** 0.5)
    model.generation_config = GenerationConfig(eos_token_id=2, pad_token_id=0)
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)


def _outcome(folder: Path, name: str, lora: dict[str, int] | None) -> tuple[str, str]:
    """Trains and measures the saved result anew: outcome and reason."""
    said: list[str] = []
    try:
        with _patience(), PlainView(said.append) as view:
            result = whet.train(_recipe(folder, name, lora), view=view)
            again = whet.evaluate(result.path, view=view)
    except UserError as error:
        reason = str(error).replace(str(folder), "").removeprefix("model.name: ")
        return REFUSED, reason
    except Exception as error:  # what is looked for
        return FAILED, f"{type(error).__name__}: {first_line(error)[:160]}"
    trained, saved = (
        [one.response for one in evaluation.records] for evaluation in (result.evaluations["final"], again)
    )
    if trained != saved:
        return FAILED, "the saved model answers otherwise than the trained one"
    engine = next(line for line in said if line.startswith("engine: "))
    return OWN if "model's own forward" in engine else FAST, ""


def _recipe(folder: Path, name: str, lora: dict[str, int] | None) -> dict[str, Any]:
    (folder / "alternate.py").write_text(REWARD, encoding="utf-8")
    return {
        "model": {"name": str(folder / "model"), "dtype": "float32", "lora": lora},
        "data": {"train": {"name": "arithmetic", "params": {"level": 1}}},
        "format": "plain",
        "rewards": ["accuracy", {"name": f"{folder / 'alternate.py'}:alternate", "weight": 0.1}],
        "check": {"problems": 2, "samples": 2, "gold": 2},
        "sft": {"when": "never"},
        "grpo": {
            "steps": 2,
            "prompts_per_step": 2,
            "group_size": 2,
            "sampling": {"max_tokens": 8},
            "optimizer": {"learning_rate": LARGE},
        },
        "eval": {"problems": 2},
        "run": {"folder": str(folder / "runs"), "name": name, "save_every": 0},
    }


@contextmanager
def _patience() -> Iterator[None]:
    """Raises `TimeoutError` in the block after `PATIENCE` seconds."""

    def late(*_: object) -> None:
        raise TimeoutError(f"took longer than {PATIENCE} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def page(rows: Sequence[Row], version: str) -> str:
    """Returns the text of docs/models.md."""
    counts = {outcome: sum(row.full == outcome for row in rows) for outcome in OUTCOMES}
    summary = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    head = HEAD.format(version=version, families=len(rows), summary=summary)
    table = ["| `model_type` | trains through | with LoRA | why not |", "|---|---|---|---|"]
    return "\n".join([head, *table, *(row.markdown() for row in rows)]) + "\n"


HEAD = """# Which models train

Written by `python -m benchmarks.families`, which makes a tiny random model of every family that transformers'
`AutoModelForCausalLM` knows (transformers {version}, {families} families), trains it for two steps, all weights and
then LoRA adapters, and measures the saved result anew: it must answer as the trained model did. {summary}.

- **fast paths**: the fused decoder samples, and the learner reads each prompt once for all of its responses.
- **its own forward**: exact, row by row, slower. Families with states in place of keys and values (linear attention,
  convolutions, state-space layers) are among them.
- **refused**: a line says why, before data are read and before a run folder is made. What decides is a trial of a few
  tokens: sampled with the cache, computed again at once, and differentiated.
- **not made tiny**: the configuration cannot be shrunk in memory by the script, so nothing is claimed. The trial at the
  start of a run decides.
"""


def rows_of(text: str) -> dict[str, Row]:
    """Reads the rows of a page back, by family."""
    found = ROW.findall(text)
    return {
        kind: Row(kind, full, "" if lora == "–" else lora, why.replace("\\|", "|")) for kind, full, lora, why in found
    }


def main(asked: Sequence[str]) -> None:
    """Tries the families asked for, all where none is named, prints their rows and puts them into the page."""
    import transformers

    logging.disable(logging.WARNING)
    there = rows_of(PAGE.read_text(encoding="utf-8")) if asked and PAGE.is_file() else {}
    for kind in asked or kinds():
        there[kind] = tried(kind)
        print(there[kind].markdown(), flush=True)
    rows = [there[kind] for kind in kinds() if kind in there]
    PAGE.write_text(page(rows, transformers.__version__), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
