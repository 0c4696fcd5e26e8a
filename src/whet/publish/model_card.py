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
from whet.errors import UserError
from whet.eval.headline import headline
from whet.formats import build_format
from whet.recipe import load_recipe
from whet.redact import redact
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.stages.compare import paired
from whet.stages.run_result import BASE, FINAL, WARM
from whet.text import percent

NAMES: Mapping[str, str] = {BASE: "base model", WARM: "after the warm start", FINAL: "**this model**"}

ON_THE_HUB = {
    "SmolLM2-135M-Instruct": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "bespoke_stratos": BESPOKE_STRATOS,
    "gsm8k": GSM8K,
    "math": MATH,
    "math500": MATH500,
    "numina_math": NUMINA_MATH,
}
"""Whet's name of a model or data set → its name on the hub."""


def model_card(run: RunReader, repo: str) -> str:
    """Returns the text of `README.md` for the model of `run`, with results as metadata, without secrets or home folder.

    Raises `UserError` where the recipe of the run cannot be read.
    """
    config = load_recipe(run.path / layout.RECIPE)
    parts = [_front_matter(run, config, repo), *_text(run, config, repo)]
    text, home = redact("\n\n".join(parts) + "\n"), str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text


def _text(run: RunReader, config: Config, repo: str) -> Iterator[str]:
    version = run.manifest.get("versions", {}).get("whet")
    yield f"# {repo.rpartition('/')[2]}"
    yield (
        f"`{config.model.name}`, sharpened at `{_data(run, 'train')}` by GRPO "
        f"([arXiv:2402.03300](https://arxiv.org/abs/2402.03300)) with Whet {version}."
    )
    yield from _measured(run)
    yield from _use(config, repo)
    yield f"## Recipe\n\n```yaml\n{run.recipe.strip()}\n```"
    yield _versions(run)


def _measured(run: RunReader) -> Iterator[str]:
    found = {stage: figures for stage, figures in run.evaluations().items() if stage in NAMES}
    if not found:
        return
    some = next(iter(found.values()))
    problems = f"{some['problems']} held-out problems of `{_data(run, 'test')}`"
    yield f"## Measured\n\n{problems}, each answered once, greedily."
    rows = [_row(NAMES[stage], figures) for stage, figures in found.items()]
    head = "| | accuracy | 95 % interval | anywhere | in format | truncated | tokens |\n|---|---|---|---|---|---|---|"
    yield "\n".join([head, *rows])
    if BASE in found and FINAL in found:
        yield _gain(run)


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


def _gain(run: RunReader) -> str:
    """What changed over the base model, paired by problem, or why the two evaluations cannot be compared."""
    try:
        found = paired(BASE, run.records(BASE), FINAL, run.records(FINAL))
    except UserError as error:
        return f"The two are not compared: {error}."
    fixed = f"{found.strict.fixed} problems fixed, {found.strict.broken} broken"
    return f"Over the base model, paired by problem: {headline(found)} In the format's place: {fixed}."


def _use(config: Config, repo: str) -> Iterator[str]:
    yield "## Use"
    system = build_format(config.format).system_prompt
    turns = [{"role": "system", "content": system}] if system else []
    turns.append({"role": "user", "content": config.data.question.replace("{question}", "What is 37 + 45?")})
    yield (
        "```python\nfrom transformers import pipeline\n\n"
        f"turns = {turns!r}\n"
        f"answer = pipeline('text-generation', {repo!r})(turns, max_new_tokens={config.grpo.sampling.max_tokens}, "
        "do_sample=False)\nprint(answer[0]['generated_text'][-1]['content'])\n```"
    )
    yield f"It was trained to answer in the format `{config.format.name}`, and measured on answers in it."


def _versions(run: RunReader) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in run.manifest.get("versions", {}).items() if version)
    return f"## Made with\n\n{versions}; seed {run.manifest.get('seed')}; {run.manifest.get('platform')}."


def _data(run: RunReader, split: str) -> str:
    """The name of the data set; of a file, without its folder."""
    name = str(run.manifest.get("data", {}).get(split, {}).get("name"))
    return Path(name).name if name.startswith("/") else name


def _front_matter(run: RunReader, config: Config, repo: str) -> str:
    from huggingface_hub import ModelCardData

    sources = [_hub_name(source.name) for source in (config.data.train, *config.data.mix)]
    name, measured = repo.rpartition("/")[2], _results(run)
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


def _results(run: RunReader) -> list[Any]:
    """The final accuracy as hub metadata."""
    from huggingface_hub import EvalResult

    final, data = run.evaluations().get(FINAL), _data(run, "test")
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
