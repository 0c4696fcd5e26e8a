"""Streams a model's completion of a question, then returns it whole with its parsed parts."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from whet.chat.parts import PartReader, Speaker, StreamChunk, layout_of
from whet.data.prompts import PromptRenderer
from whet.errors import UserError
from whet.formats import Parsed, ResponseFormat
from whet.protocols import Sampler
from whet.rollout.detokenize import TextReader
from whet.rollout.rng import key
from whet.types import Completion, Finish, Problem, Prompt, Request, SamplingParams, Token


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole completion."""

    question: str
    reasoning: str | None
    answer: str | None
    """The parts as the format parses them; `None` where there is none, or no format."""
    text: str
    """The whole text, tags included, also an opening tag that the prompt already wrote."""
    seconds: float
    tokens: int
    """Number of tokens, end-of-sequence included."""
    finish: Finish
    speaker: Speaker = "model"


@dataclass(frozen=True)
class ChatModel:
    """A model with its sampler, its prompt renderer and its response format."""

    speaker: Speaker
    sampler: Sampler
    """Loaded with the model's weights."""
    params: SamplingParams
    seed: int
    renderer: PromptRenderer
    response_format: ResponseFormat | None
    context: int | None
    """Maximum tokens of prompt and completion together; `None` where unknown."""

    def ask(self, question: str, turn: int = 0) -> Iterator[StreamChunk | Reply]:
        """Yields the completion in chunks as it is sampled, then a `Reply`. The random key depends on `turn`.

        Raises:
            UserError: the question leaves no room for a completion.
        """
        prompt = self.renderer.render(Problem(f"turn {turn}", question, answer=""))
        yield from self.answer(prompt, turn)

    def answer(self, prompt: Prompt, turn: int = 0) -> Iterator[StreamChunk | Reply]:
        """As `ask`, for a question that is a prompt already, such as a held-out problem's."""
        began = time.perf_counter()
        request = Request(prompt.tokens, (key(self.seed, "chat", 0, f"turn {turn}", 0),))
        drawn: list[Token] = []
        stream = self.sampler.stream(request, self._within_context(prompt.tokens))
        for chunk in self._read(stream, drawn, prompt.opening):
            yield replace(chunk, speaker=self.speaker)
        yield self._reply(prompt, drawn, time.perf_counter() - began)

    def several(self, question: str, count: int, turn: int = 0) -> list[Reply]:
        """Samples `count` completions of the question at once. Each is the one that `ask` gives for its own key.

        Raises:
            UserError: the question leaves no room for a completion.
        """
        began = time.perf_counter()
        prompt = self.renderer.render(Problem(f"turn {turn}", question, answer=""))
        keys = tuple(key(self.seed, "chat", 0, f"turn {turn}", number) for number in range(count))
        params = self._within_context(prompt.tokens)
        (found,) = self.sampler.generate([Request(prompt.tokens, keys)], params)
        seconds = time.perf_counter() - began
        return [self._reply(prompt, _as_tokens(one), seconds) for one in found]

    def _within_context(self, prompt: Sequence[int]) -> SamplingParams:
        """Returns the sampling parameters, `max_tokens` limited to what the context leaves after the prompt."""
        if self.context is None:
            return self.params
        room = self.context - len(prompt)
        if room < 1:
            takes = f"takes {len(prompt)} tokens where the model reads {self.context}"
            raise UserError(f"question: {takes}; ask a shorter one")
        return replace(self.params, max_tokens=min(self.params.max_tokens, room))

    def _read(self, tokens: Iterator[Token], drawn: list[Token], opening: str) -> Iterator[StreamChunk]:
        """Yields the chunks of a completion; appends its tokens to `drawn` as they come."""
        text, parts = TextReader(self._text), PartReader(layout_of(self.response_format), opening)
        for token in tokens:
            drawn.append(token)
            if token.finish != "stop":
                yield from parts.feed(text.feed(token.id))
        yield from parts.feed(text.finish())
        yield from parts.finish()

    def _reply(self, prompt: Prompt, drawn: Sequence[Token], seconds: float) -> Reply:
        question = prompt.problem.question
        text = prompt.opening + self._text([token.id for token in drawn if token.finish != "stop"])
        parts = self.response_format.parse(text) if self.response_format else Parsed(None, None)
        finish: Finish = drawn[-1].finish or "length"
        return Reply(question, parts.reasoning, parts.answer, text, seconds, len(drawn), finish, self.speaker)

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self.renderer.tokenizer.decode(tokens, skip_special_tokens=False))  # tags may be special tokens


def _as_tokens(found: Completion) -> list[Token]:
    """The tokens of a whole completion, as a stream would give them."""
    last = len(found.tokens) - 1
    pairs = enumerate(zip(found.tokens, found.logprobs, strict=True))
    return [Token(id, logprob, found.finish if place == last else None) for place, (id, logprob) in pairs]
