"""Builds the prompt renderer from a recipe, and settles what a run keeps of it: the date, the template's settings."""

from typing import Any

from whet.config import Config
from whet.data.prompts import PromptRenderer
from whet.formats import ResponseFormat
from whet.text import Log, silent


def build_renderer(
    config: Config, tokenizer: Any, response_format: ResponseFormat, log: Log = silent
) -> PromptRenderer:
    """Builds the renderer of prompts and SFT targets; says to `log` what the chat template does unexpectedly."""
    model = config.model
    renderer = PromptRenderer(tokenizer, response_format, config.data.question, model.template, model.date)
    for line in renderer.notes():
        log(line)
    return renderer


def as_rendered(config: Config, renderer: PromptRenderer) -> Config:
    """Returns the recipe with the day that `renderer` prints, where it prints one, and all settings of its template."""
    template = renderer.template
    day = template.day if template.prints_date else config.model.date
    model = config.model.model_copy(update={"date": day, "template": template.settings})
    return config.model_copy(update={"model": model})
