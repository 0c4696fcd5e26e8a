"""What is exported: a run's model, that of a checkpoint, or any model, and how it is asked."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from whet.build.renderer import build_renderer
from whet.config import Config, FormatConfig
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.export.held_out import Answered, held_out_answers, questions
from whet.export.model_files import settings_of
from whet.formats import ResponseFormat, build_format
from whet.models.load import load_tokenizer, resolve
from whet.recipe import load_recipe
from whet.runs import layout
from whet.runs.address import Address
from whet.runs.reader import RunReader
from whet.stages.run_model import model_of, run_address
from whet.text import Log

NO_FORMAT = FormatConfig(name="plain", system_prompt="")
"""The format of a model without a recipe: the bare question."""


@dataclass(frozen=True)
class Subject:
    """A model folder, and the run it comes from, if any."""

    name: str
    """What the export is called: the run's name, or the last part of the model's."""
    folder: Path
    address: Address | None = None

    @property
    def run(self) -> RunReader | None:
        """The run, if there is one."""
        return self.address.reader if self.address else None

    @cached_property
    def config(self) -> Config | None:
        """The run's recipe."""
        return load_recipe(self.address.path / layout.RECIPE) if self.address else None

    @cached_property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return load_tokenizer(str(self.folder))

    @cached_property
    def response_format(self) -> ResponseFormat:
        """The format that the model was trained to answer in; for a model without a run, none."""
        return build_format(self.config.format if self.config else NO_FORMAT)

    @cached_property
    def renderer(self) -> PromptRenderer:
        """Renders prompts as the run did."""
        if self.config:
            return build_renderer(self.config, self.tokenizer, self.response_format)
        return PromptRenderer(self.tokenizer, self.response_format)

    @property
    def system_prompt(self) -> str:
        """The system prompt with which the model was trained and measured; empty for none."""
        return self.response_format.system_prompt

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The model's configuration as transformers reads it."""
        return settings_of(self.folder)

    @cached_property
    def answers(self) -> list[Answered]:
        """The prompts and responses on which an export is compared with the model."""
        return held_out_answers(self.run, self.renderer, self.renderer.template.turn_end)

    @cached_property
    def texts(self) -> list[str]:
        """Questions and responses as text."""
        return questions(self.run)

    @property
    def end_tokens(self) -> list[str]:
        """The texts of the tokens that end a response: by chat template, generation settings and tokenizer."""
        from transformers import GenerationConfig

        ends = [self.renderer.template.turn_end, self.tokenizer.eos_token_id]
        if (self.folder / "generation_config.json").is_file():
            stated = GenerationConfig.from_pretrained(self.folder).eos_token_id
            ends += stated if isinstance(stated, list) else [stated]
        return [str(self.tokenizer.convert_ids_to_tokens(end)) for end in dict.fromkeys(ends) if end is not None]


def find_subject(what: str, log: Log) -> Subject:
    """Returns what `RUN`, `RUN:step-N`, `RUN:base` or a model's name means.

    Raises `UserError` where there is no such run or model, or the run has no finished model.
    """
    address = run_address(what)
    if address is None:
        folder = resolve(what, log)
        return Subject(
            Path(what).expanduser().resolve().name if Path(what).exists() else what.rpartition("/")[2], folder
        )
    found = model_of(address, log)
    name = "-".join(filter(None, (address.path.resolve().name, address.part)))
    return Subject(name, resolve(found, log), address)


def refuse_without_run(subject: Subject) -> Address:
    """Returns the run that adapters are exported from. Raises `UserError` where there is none."""
    if subject.address is None or subject.config is None:
        raise UserError(f"--adapter: {subject.name} is no run; name one that was trained with model.lora")
    if subject.config.model.lora is None or subject.address.part == layout.BASE:
        raise UserError(f"--adapter: {subject.address} was trained without model.lora; leave --adapter out")
    return subject.address
