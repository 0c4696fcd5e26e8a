"""Writes a run's model card: evaluations, usage, recipe and versions."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.config import Config
from whet.data.bespoke_stratos import HUB_NAME as BESPOKE_STRATOS
from whet.data.gsm8k import HUB_NAME as GSM8K
from whet.data.hendrycks_math import MATH500_HUB_NAME as MATH500
from whet.data.hendrycks_math import MATH_HUB_NAME as MATH
from whet.data.numina_math import HUB_NAME as NUMINA_MATH
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.eval.headline import headline
from whet.formats import build_format
from whet.models.quiet import quiet
from whet.recipe import load_recipe
from whet.redact import redact
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.stages.compare import paired
from whet.stages.run_result import BASE, FINAL, WARM
from whet.text import percent

NAMES: Mapping[str, str] = {BASE: "base model", WARM: "after the warm start"}

THIS = "**this model**"

ON_THE_HUB = {
    "SmolLM2-135M-Instruct": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "bespoke_stratos": BESPOKE_STRATOS,
    "gsm8k": GSM8K,
    "math": MATH,
    "math500": MATH500,
    "numina_math": NUMINA_MATH,
}
"""Whet's name of a model or data set → its name on the hub."""


def model_card(run: RunReader, repo: str, step: int | None = None) -> str:
    """Returns the text of `README.md` for the model of `run`, with results as metadata, without secrets or home folder.

    `step`: of the checkpoint after so many steps, in place of the finished model.

    Raises `UserError` where the recipe of the run cannot be read.
    """
    config = load_recipe(run.path / layout.RECIPE)
    stage = FINAL if step is None else layout.stage_of(step)
    parts = [_front_matter(run, config, repo, stage), *_text(run, config, repo, step, stage)]
    text, home = redact("\n\n".join(parts) + "\n"), str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def _text(run: RunReader, config: Config, repo: str, step: int | None, stage: str) -> Iterator[str]:
    version = run.manifest.get("versions", {}).get("whet")
    yield f"# {repo.rpartition('/')[2]}"
    yield (
        f"`{config.model.name}`, sharpened at `{_data(run, 'train')}` by GRPO "
        f"([arXiv:2402.03300](https://arxiv.org/abs/2402.03300)) with Whet {version}."
    )
    if step is not None:
        yield f"This is the checkpoint after step {step} of {config.grpo.steps}."
    yield from _measured(run, stage)
    yield from _use(run, config, repo, step)
    yield f"## Recipe\n\n```yaml\n{run.recipe.strip()}\n```"
    yield _versions(run)


def _measured(run: RunReader, last: str) -> Iterator[str]:
    names = {**NAMES, last: THIS}
    found = {stage: figures for stage, figures in run.evaluations().items() if stage in names}
    if not found:
        return
    some = next(iter(found.values()))
    problems = f"{some['problems']} held-out problems of `{_data(run, 'test')}`"
    yield f"## Measured\n\n{problems}, each answered once, greedily."
    rows = [_row(names[stage], figures) for stage, figures in found.items()]
    head = "| | accuracy | 95 % interval | anywhere | in format | truncated | tokens |\n|---|---|---|---|---|---|---|"
    yield "\n".join([head, *rows])
    if BASE in found and last in found:
        yield _gain(run, last)


def _row(name: str, figures: Mapping[str, Any]) -> str:
    low, high = figures["accuracy_interval"]
    cells = (
        name,
        f"{100 * figures['accuracy']:.1f} %",
        f"{100 * low:.1f} – {100 * high:.1f}",
        f"{100 * figures['lenient_accuracy']:.1f} %",
        percent(figures["format_rate"]),
        percent(figures["truncated_rate"]),
        f"{figures['mean_length']:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _gain(run: RunReader, last: str) -> str:
    """What changed over the base model, paired by problem, or why the two evaluations cannot be compared."""
    try:
        found = paired(BASE, run.records(BASE), last, run.records(last))
    except UserError as error:
        return f"The two are not compared: {error}."
    fixed = f"{found.strict.fixed} problems fixed, {found.strict.broken} broken"
    return f"Over the base model, paired by problem: {headline(found)} In the format's place: {fixed}."


def _tokenizer(run: RunReader, step: int | None) -> Any:
    """The tokenizer of the published model; of one that is not written yet, None, which has no template."""
    from transformers import AutoTokenizer

    folder = run.final if step is None else run.path / layout.MODELS / f"step-{step}"
    with quiet():
        return AutoTokenizer.from_pretrained(folder) if folder and folder.is_dir() else None


def _use(run: RunReader, config: Config, repo: str, step: int | None) -> Iterator[str]:
    yield "## Use"
    renderer = PromptRenderer(_tokenizer(run, step), build_format(config.format), config.data.question)
    turns = [dict(turn) for turn in renderer.messages("What is 37 + 45?")]
    has_template = getattr(renderer.tokenizer, "chat_template", None) is not None
    prompt = turns if has_template else "\n\n".join(str(turn["content"]) for turn in turns) + "\n"
    options = f"max_new_tokens={config.grpo.sampling.max_tokens}, do_sample=False, return_full_text=False"
    yield (
        "```python\nfrom transformers import pipeline\n\n"
        f"prompt = {prompt!r}\n"
        f"answer = pipeline('text-generation', {repo!r})(prompt, {options})\n"
        "print(answer[0]['generated_text'])\n```"
    )
    yield f"It was trained to answer in the format `{config.format.name}`, and measured on answers in it."


def _versions(run: RunReader) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.manifest.get("versions", {}).items() if version)
    return f"## Made with\n\n{versions}; seed {run.manifest.get('seed')}; {run.manifest.get('platform')}."


def _data(run: RunReader, split: str) -> str:
    """The name of the data set; of a file, without its folder."""
    name = str(run.manifest.get("data", {}).get(split, {}).get("name"))
    return Path(name).name if name.startswith("/") else name


def _front_matter(run: RunReader, config: Config, repo: str, stage: str) -> str:
    from huggingface_hub import ModelCardData

    sources = [_hub_name(source.name) for source in (config.data.train, *config.data.mix)]
    name, measured = repo.rpartition("/")[2], _results(run, stage)
    found = ModelCardData(
        base_model=_hub_name(config.model.name),
        datasets=[source for source in sources if source] or None,
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["grpo", "reasoning", "whet"],
        model_name=name if measured else None,
        eval_results=measured or None,
    )
    return f"---\n{found.to_yaml()}\n---"


def _results(run: RunReader, stage: str) -> list[Any]:
    """The accuracy of the model as hub metadata."""
    from huggingface_hub import EvalResult

    final, data = run.evaluations().get(stage), _data(run, "test")
    if final is None:
        return []
    return [
        EvalResult(
            task_type="text-generation",
            dataset_type=_hub_name(data) or "other",
            dataset_name=data,
            metric_type="accuracy",
            metric_value=final["accuracy"],
        )
    ]


def _hub_name(name: str) -> str | None:
    """The hub's name of a model or data set; None for a local path, or where it is no `owner/name`."""
    known = ON_THE_HUB.get(name, name)
    return known if re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", known) and not Path(known).exists() else None
