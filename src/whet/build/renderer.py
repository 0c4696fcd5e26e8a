"""Builds the prompt renderer from a recipe, and settles the date that a run's prompts may print."""

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


def with_date(config: Config, renderer: PromptRenderer) -> Config:
    """Returns the settings with the day that `renderer` prints, where the chat template prints one."""
    if config.model.date or not renderer.template.prints_date:
        return config
    return config.model_copy(update={"model": config.model.model_copy(update={"date": renderer.template.day})})
