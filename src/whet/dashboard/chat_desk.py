"""Chat from the page: the models are in a process of their own, started by the first question and ended when idle.

While a run trains on this machine that process has one thread and the lowest priority, and it is not started where its
models would not fit into the free memory.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from whet.dashboard.chat_process import ChatProcess
from whet.dashboard.library import Library
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.shares import Row
from whet.dashboard.rows.step_view import records_of
from whet.dashboard.run_models import models_of, too_large, trains
from whet.errors import UserError

MOST_SAMPLES = 16
LONGEST = 20_000
"""Characters of a question at most."""

BESIDE_TRAINING = "a run trains on this machine: chat has one thread and the lowest priority, so answers come slowly"


@dataclass(frozen=True, slots=True)
class Question:
    """A question to the models of a run."""

    run: OpenRun
    what: str
    """The run or `RUN:part`, as `whet chat` takes it."""
    base: bool
    question: str
    gold: str | None
    samples: int
    temperature: float | None
    max_tokens: int | None

    @classmethod
    def of(cls, body: Mapping[str, Any], library: Library) -> "Question":
        """Reads a request's body. Raises `UserError` that names what is wrong with it."""
        run = library.open(str(body.get("run") or ""))
        parts = [one["part"] for one in models_of(run.path)]
        part = str(body.get("part") or "")
        if part not in parts:
            raise UserError(
                f"part: {part!r} is no model of {run.id}; it has {', '.join(map(repr, parts)) or 'none yet'}"
            )
        question, gold = _asked(body, run)
        samples = _number(body, "samples", 1, MOST_SAMPLES) or 1
        heat = body.get("temperature")
        if heat is not None and not (isinstance(heat, int | float) and 0 <= heat <= 10):
            raise UserError(f"temperature: is {str(heat)[:40]}; it must be between 0 (greedy) and 10")
        temperature = float(heat) if heat is not None else _sampling(run, "temperature") if samples > 1 else None
        most = _number(body, "max_tokens", 1, 32_768)
        what = f"{run.path}:{part}" if part else str(run.path)
        return cls(run, what, bool(body.get("base")), question, gold, samples, temperature, most)

    def request(self, id: int) -> dict[str, Any]:
        """The line that asks the chat process."""
        keys = ("what", "base", "question", "gold", "samples", "temperature", "max_tokens")
        return {"id": id, **{key: getattr(self, key) for key in keys}}


class ChatDesk:
    """Passes one question at a time to the chat process."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.busy = False
        self._process: ChatProcess | None = None
        self._beside_training = False
        self._loaded: list[str] = []

    def possible(self, run: OpenRun) -> Row:
        """Whether one can chat with a run, with which of its models, and what to expect."""
        found = models_of(run.path)
        why = None if found else "this run has no finished model and no checkpoint yet"
        format_of = run.response_format
        return {
            "possible": bool(found),
            "why": why,
            "models": found,
            "format": format_of.name if format_of else None,
            "max_tokens": _sampling(run, "max_tokens"),
            "busy": self.busy,
            "loaded": self._loaded,
            "warning": BESIDE_TRAINING if trains(self.library) else None,
        }

    async def ask(self, question: Question, stop: asyncio.Event) -> AsyncIterator[Row]:
        """Yields the events of an answer, then `done`; closing the iterator or setting `stop` ends the answer."""
        self.busy, process = True, None
        try:
            beside = await asyncio.to_thread(trains, self.library)
            models = 2 if question.base else 1
            if beside and (refusal := await asyncio.to_thread(too_large, question.run.path, models)):
                yield {"type": "error", "text": f"chat: {refusal}"}
            else:
                process = await self._ready(beside)
                self._loaded = [question.run.id]
                async for event in process.ask(question.request, stop):
                    yield event
            yield {"type": "done"}
        finally:
            self.busy = False

    async def close(self) -> None:
        """Ends the chat process."""
        if self._process is not None:
            await self._process.end()

    async def _ready(self, beside: bool) -> ChatProcess:
        """The chat process, as careful as is needed at present."""
        known = self._process
        if known is not None and known.alive and self._beside_training == beside:
            return known
        if known is not None:
            await known.end()
        self._beside_training = beside
        self._process = await ChatProcess.start(beside)
        return self._process


def _asked(body: Mapping[str, Any], run: OpenRun) -> tuple[str, str | None]:
    """The question and its gold answer: those of a rollout where one is named, else the given text."""
    place = body.get("rollout")
    if isinstance(place, dict):
        step, group = place.get("step"), place.get("group")
        if not isinstance(step, int) or not isinstance(group, int):
            raise UserError("rollout: needs a step and a group, both whole numbers")
        found = [record for record in records_of(run, step) if record["group"] == group]
        if not found:
            raise UserError(f"rollout: step {step} has no group {group}")
        return str(found[0].get("question") or ""), found[0].get("gold")
    text = body.get("question")
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise UserError(f"question: must be a text of 1 to {LONGEST} characters")
    return text, None


def _number(body: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UserError(f"{name}: is {str(value)[:40]}; it must be a whole number from {low} to {high}")
    return value


def _sampling(run: OpenRun, key: str) -> Any:
    """A setting of `grpo.sampling` in the run's recipe; None where it has none."""
    grpo = run.tree.get("grpo")
    sampling = grpo.get("sampling") if isinstance(grpo, dict) else None
    return sampling.get(key) if isinstance(sampling, dict) else None
