"""Stands in for the package vLLM: the same calls, one token a step, by transformers; strict about what must be called.

What makes vLLM hard is kept: the weights of a new engine mean nothing, a tied head has a copy of its own that only its
own name renews, sleep loses all weights, keys and values of old weights stay until they are reset, and the process is
left changed. `installed` puts it in vLLM's place.
"""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from whet.rollout import vllm_start


class RequestOutputKind(Enum):
    CUMULATIVE = 0
    DELTA = 1
    FINAL_ONLY = 2


@dataclass
class SamplingParams:
    temperature: float
    max_tokens: int
    seed: int
    logprobs: int
    stop_token_ids: list[int]
    ignore_eos: bool
    detokenize: bool
    output_kind: RequestOutputKind

    def __post_init__(self) -> None:
        assert self.seed >= 0, "vLLM takes -1 for no seed"
        assert self.logprobs == 0
        assert self.ignore_eos
        assert self.stop_token_ids


@dataclass
class Asked:
    """A request under way."""

    tokens: list[int]
    params: SamplingParams
    generator: torch.Generator
    drawn: list[int] = field(default_factory=list)
    logprobs: list[dict[int, Any]] = field(default_factory=list)


class Engine:
    """`LLM.llm_engine`."""

    def __init__(self, llm: "LLM") -> None:
        self.llm, self.asked = llm, dict[str, Asked]()
        self.aborted: list[str] = []
        model_config = SimpleNamespace(max_model_len=llm.arguments["max_model_len"], enable_sleep_mode=llm.sleeps)
        self.vllm_config = SimpleNamespace(model_config=model_config)
        self.engine_core = SimpleNamespace(shutdown=lambda: llm.calls.append("shutdown"))
        self.fails: Exception | None = None
        self.reason: str | None = None
        """What ends completions in place of `stop` and `length`."""

    def add_request(self, name: str, prompt: dict[str, list[int]], params: SamplingParams) -> str:
        assert not self.llm.stale, "keys and values of old weights are in the cache: reset_prefix_cache"
        assert name not in self.asked
        generator = torch.Generator().manual_seed(params.seed)
        self.asked[name] = Asked(prompt["prompt_token_ids"], params, generator)
        return f"{name}-internal"

    def has_unfinished_requests(self) -> bool:
        return bool(self.asked)

    def abort_request(self, names: list[str]) -> None:
        self.aborted += [name for name in names if self.asked.pop(name, None)]

    def step(self) -> list[Any]:
        if self.fails:
            raise self.fails
        outputs = [self._drawn(name, one) for name, one in list(self.asked.items())]
        return [output for output in outputs if output is not None]

    @torch.no_grad()
    def _drawn(self, name: str, one: Asked) -> Any:
        logits_V = self.llm.logits([*one.tokens, *one.drawn])
        logprobs_V = (logits_V / (one.params.temperature or 1.0)).log_softmax(-1)
        token = int(logprobs_V.argmax())
        if one.params.temperature:
            token = int(torch.multinomial(logprobs_V.exp(), 1, generator=one.generator))
        one.drawn.append(token)
        one.logprobs.append({token: SimpleNamespace(logprob=float(logprobs_V[token]))})
        why = "stop" if token in one.params.stop_token_ids else None
        why = why or ("length" if len(one.drawn) == one.params.max_tokens else None)
        if why:
            del self.asked[name]
        if not why and one.params.output_kind is RequestOutputKind.FINAL_ONLY:
            return None
        new = 1 if one.params.output_kind is RequestOutputKind.DELTA else len(one.drawn)
        why = why and (self.reason or why)
        output = SimpleNamespace(token_ids=one.drawn[-new:], logprobs=one.logprobs[-new:], finish_reason=why)
        return SimpleNamespace(request_id=name, outputs=[output])


class LLM:
    """`vllm.LLM`."""

    made: list["LLM"] = []  # noqa: RUF012
    sleeps = False
    fails: Exception | None = None

    def __init__(self, model: str, **arguments: Any) -> None:
        if self.fails:
            raise self.fails
        from transformers import AutoConfig, AutoModelForCausalLM

        self.arguments, self.calls = arguments, list[str]()
        self.started_with = dict(os.environ)
        self.model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model)).eval()
        self._lose("weights")
        self.asleep, self.stale = set[str](), False
        self.llm_engine = Engine(self)
        os.environ["LD_PRELOAD"], os.environ["LOCAL_WORLD_SIZE"] = "libtcmalloc.so", "1"
        torch.set_num_threads = lambda count: None
        type(self).made.append(self)

    def collective_rpc(self, method: str, kwargs: dict[str, Any]) -> None:
        assert method == "reload_weights"
        assert kwargs["is_checkpoint_format"]
        assert "weights" not in self.asleep, "weights need memory first: wake_up"
        self.calls.append("reload_weights")
        self._reload(kwargs["weights_iterator"])
        self.stale = True

    @torch.no_grad()
    def _reload(self, weights: Iterable[tuple[str, torch.Tensor]]) -> None:
        known = dict(self.model.named_parameters())
        for name, tensor in weights:
            if name == "lm_head.weight":
                self.head = tensor.clone()
            if name in known:
                known[name].copy_(tensor)

    def logits(self, tokens: list[int]) -> torch.Tensor:
        """Of the next token, by the head's own copy."""
        assert not self.asleep, "sampled while asleep"
        hidden = self.model.model(torch.tensor([tokens]), use_cache=False).last_hidden_state[0, -1]
        found: torch.Tensor = (hidden @ self.head.T).float()
        return found

    def reset_prefix_cache(self) -> bool:
        self.calls.append("reset_prefix_cache")
        self.stale = False
        return True

    def sleep(self, level: int) -> None:
        assert level == 2
        self.calls.append("sleep")
        self.asleep = {"weights", "kv_cache"}
        self._lose("weights")

    def wake_up(self, tags: list[str]) -> None:
        self.calls += [f"wake_up {tag}" for tag in tags]
        assert self.asleep.issuperset(tags)
        self.asleep -= set(tags)

    @torch.no_grad()
    def _lose(self, what: str) -> None:
        for weight in self.model.parameters():
            weight.fill_(float("nan"))
        self.head = self.model.get_output_embeddings().weight.clone()


def installed(monkeypatch: pytest.MonkeyPatch, sleeps: bool = False) -> type[LLM]:
    """Puts the stand-in in vLLM's place for a test; returns its `LLM`, with all that are made in `made`."""
    here = type("LLM", (LLM,), {"made": [], "sleeps": sleeps})
    package, params = ModuleType("vllm"), ModuleType("vllm.sampling_params")
    package.__dict__.update(LLM=here, SamplingParams=SamplingParams, __version__="0.32.0", __path__=[])
    package.__spec__ = SimpleNamespace(name="vllm")  # type: ignore[assignment]
    params.__dict__.update(RequestOutputKind=RequestOutputKind)
    monkeypatch.setitem(sys.modules, "vllm", package)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", params)
    monkeypatch.setattr(vllm_start, "_RUNNING", [])
    monkeypatch.setattr(vllm_start, "_say_nothing_at_exit", lambda: None)  # of the tests' own process
    return here
