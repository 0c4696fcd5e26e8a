"""A loaded model that answers requests: its engine, and how prompts are put to it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from whet.errors import UserError
from whet.serve.asked import Given
from whet.stages.model_recipe import model_recipe
from whet.text import Log, silent
from whet.types import Message, Problem

if TYPE_CHECKING:
    from whet.config import Config
    from whet.data.prompts import PromptRenderer
    from whet.policy.language_model import LanguageModel
    from whet.rollout.native import NativeSampler


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """A prompt as the model reads it."""

    tokens: tuple[int, ...]
    opening: str = ""
    """What the tokens already write of the response, such as `<think>` and a line break, by the chat template."""


@dataclass(frozen=True)
class ServedModel:
    """A model with its engine, its prompts as in training, and its limits."""

    sampler: "NativeSampler"
    """Loaded with the model's weights."""
    policy: "LanguageModel"
    renderer: "PromptRenderer"
    """Renders questions as in training."""
    bare: "PromptRenderer"
    """Renders conversations as they are, without the format's system prompt and the recipe's question template."""
    max_tokens: int
    """Maximum tokens of a completion where a request names none."""
    folder: str
    """The model's folder or name."""

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer."""
        return self.policy.tokenizer

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a completion."""
        return self.sampler.end_tokens

    def text(self, tokens: Sequence[int]) -> str:
        """Decodes tokens, special ones too: tags may be special tokens."""
        return str(self.tokenizer.decode(list(tokens), skip_special_tokens=False))

    def prompt(self, given: Given) -> PromptTokens:
        """Returns the tokens of a prompt.

        A conversation without a system turn is asked as in training; one with a system turn is taken as it is.

        Raises `UserError` where the chat template fails, or for tokens that the model does not have.
        """
        if isinstance(given, str):
            return PromptTokens(tuple(self.tokenizer.encode(given)))
        if all(isinstance(one, int) for one in given):
            tokens: tuple[int, ...] = tuple(given)  # type: ignore[arg-type]
            size = self.policy.model.get_input_embeddings().weight.shape[0]
            if unknown := [token for token in tokens if token >= size]:
                raise UserError(f"prompt: token {unknown[0]} is not in the vocabulary of {size} tokens")
            return PromptTokens(tokens)
        return self._conversation(given)  # type: ignore[arg-type]

    def _conversation(self, messages: tuple[Message, ...]) -> PromptTokens:
        renderer = self.bare if messages[0]["role"] == "system" else self.renderer
        prompt = renderer.render(Problem("request", messages[-1]["content"], answer="", turns=messages[:-1]))
        return PromptTokens(prompt.tokens, prompt.opening)

    def longest(self, prompt: PromptTokens, wanted: int | None) -> int:
        """Returns the maximum tokens of a completion: as many as wanted, and as the context leaves.

        Raises `UserError` where the context leaves none.
        """
        most = self.max_tokens if wanted is None else wanted
        if self.policy.context is None:
            return most
        room = self.policy.context - len(prompt.tokens)
        if room < 1:
            takes = f"takes {len(prompt.tokens)} tokens where the model reads {self.policy.context}"
            raise UserError(f"prompt: {takes}; send a shorter one")
        return min(most, room)


def open_model(what: str, format_name: str | None = None, log: Log = silent) -> tuple[str, ServedModel]:
    """Loads a run's finished model, or any model by name; returns its name and the model.

    Args:
        what: a run or `RUN:step-N`, whose recipe sets format and prompt, or any value of `model.name`.
        format_name: the response format; by default the run's, and none for a model.
        log: called with lines about loading.

    Raises:
        UserError: there is no such run or model, or the run has not finished.
    """
    found = model_recipe(what, [("format", {"name": format_name})] if format_name else [], log)
    return found.name, _load(found.config, log)


def _load(config: "Config", log: Log) -> ServedModel:
    from whet.build.policy import build_policy
    from whet.build.renderer import build_renderer
    from whet.build.roles import build_sampler
    from whet.build.task import longest_response
    from whet.data.prompts import PromptRenderer
    from whet.formats import build_format
    from whet.rollout.native import NativeSampler
    from whet.train_loop.trial import refuse_untrainable

    sampler = build_sampler(config)
    if not isinstance(sampler, NativeSampler):
        raise UserError(f"rollout.engine: is {config.rollout.engine!r}; only the native engine is served")
    policy = build_policy(config, log)
    refuse_untrainable(policy, sampler, trained=False)
    sampler.load(policy)
    response_format = build_format(config.format)
    renderer = build_renderer(config, policy.tokenizer, response_format, log)
    unasked = replace(response_format, system_prompt="")
    bare = PromptRenderer(policy.tokenizer, unasked, settings=renderer.given, day=renderer.day)
    return ServedModel(sampler, policy, renderer, bare, longest_response(config, "serve"), config.model.name)
