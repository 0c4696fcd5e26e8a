"""Starts vLLM in this process: sized for a recipe, without weights, and leaving the process as it was.

It is given the model's configuration only; weights come with the first `load`. What vLLM does to the process that it
starts in (environment variables for child processes, a disabled `torch.set_num_threads`) would change the learner and
the workers beside it, so that is undone.
"""

import atexit
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import torch

from whet.config.engines import VllmConfig
from whet.errors import UserError
from whet.models.dimensions import Dimensions
from whet.models.weights import base_model
from whet.rollout.call_size import SampleBytes

ENVIRONMENT: Mapping[str, str] = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # in this process: weights are handed over as they are
    "VLLM_NO_USAGE_STATS": "1",  # nothing about a run leaves the machine
    "VLLM_LOGGING_LEVEL": "CRITICAL",  # what goes wrong is raised
}
"""Set before vLLM is imported, unless the user has set them."""

PROMPT, MORE = 512, 4096
"""Tokens of a prompt that the cache is sized for, and those that there is room for beside the longest completion."""

CACHE_SHARE = 0.25
"""Of the free memory, what the cache takes at most."""

BLOCK = 32
"""Tokens in a block of the cache: whole blocks of equal prompts are computed once, so small ones share more."""

GB, MB = 1e9, 1e6


@dataclass(frozen=True, slots=True)
class EngineSize:
    """How much vLLM is to hold at once."""

    rows: int
    context: int
    """Tokens of a prompt and its completion together, at most."""
    cache_bytes: int

    @classmethod
    def of(cls, model: Any, settings: VllmConfig, longest: int, free: int) -> Self:
        """Returns the size for completions of `longest` tokens at most, with `free` bytes on the model's device.

        Raises `UserError` for a cache that does not hold one whole row.
        """
        each = SampleBytes.of(model).per_token
        context = min(settings.context or longest + MORE, Dimensions.of(model.config).context or longest + MORE)
        wanted = settings.rows * min(longest + PROMPT, context) * each
        least = (context + BLOCK) * each  # vLLM refuses a cache that does not hold one whole row
        cache = settings.cache_gb * GB if settings.cache_gb else max(min(wanted, CACHE_SHARE * free), least)
        if cache < least:
            raise UserError(
                f"rollout.vllm.cache_gb: is {settings.cache_gb:g}, but keys and values of {context} tokens, "
                f"rollout.vllm.context, take {ceil(least / MB) * MB / GB:g}; raise it, or lower the context"
            )
        return cls(settings.rows, context, int(cache))


Start = Callable[[Any], Any]
"""Returns vLLM's engine for a transformers model."""


def start_vllm(model: Any, size: EngineSize, is_compiled: bool, is_shared: bool) -> Any:
    """Returns a `vllm.LLM` of the model's architecture and dtype, with no weights that mean anything.

    `is_shared`: the processes of a run start theirs together. The engine of an earlier run in this process ends. Raises
    whatever vLLM raises.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("vllm").setLevel(os.environ["VLLM_LOGGING_LEVEL"].upper())
    _say_nothing_at_exit()
    with _process_as_before(), warnings.catch_warnings(), TemporaryDirectory(prefix="whet-vllm-") as folder:
        warnings.simplefilter("ignore")
        _write_config(base_model(model), Path(folder))
        from vllm import LLM

        _end_earlier(is_shared)
        _RUNNING.append(LLM(folder, **_arguments(model, size, is_compiled, is_shared)))
    return _RUNNING[-1]


_RUNNING: list[Any] = []
"""The engine of this process, held until another one starts: with an engine, vLLM ends all groups of torch.distributed,
also those of the next engine and of the processes that share a run."""


def _end_earlier(is_shared: bool) -> None:
    """Ends the engine of an earlier run in this process. Raises `UserError` where processes share the run."""
    if is_shared and _RUNNING:
        raise UserError(
            "rollout.engine: vLLM starts once in processes that share a run, and an earlier run of this program did "
            "that; begin this one in a program of its own"
        )
    while _RUNNING:
        _RUNNING.pop().llm_engine.engine_core.shutdown()


def _arguments(model: Any, size: EngineSize, is_compiled: bool, is_shared: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "load_format": "dummy",
        "skip_tokenizer_init": True,
        "generation_config": "vllm",  # no sampling defaults of the model's own
        "dtype": str(model.dtype).removeprefix("torch."),
        "logprobs_mode": "processed_logprobs",  # at the temperature of sampling, as the learner computes them
        "enforce_eager": not is_compiled,
        "max_model_len": size.context,
        "max_num_seqs": size.rows,
        "kv_cache_memory_bytes": size.cache_bytes,
        "gpu_memory_utilization": 0.01,  # says nothing where the cache has a size, but that so much is free
        "seed": 0,
        "async_scheduling": False,
        # whole prompts: a part of one would draw a token to throw away, and seeded generators cannot go back on a CPU
        "enable_chunked_prefill": False,
        "max_num_batched_tokens": max(size.context, size.rows, 2048),  # vLLM refuses fewer than a token for each row
    }
    arguments |= {"enable_sleep_mode": True} if model.device.type == "cuda" else {"block_size": BLOCK}
    if is_shared:
        arguments["distributed_executor_backend"] = "external_launcher"  # one engine in each of torchrun's processes
    return arguments


def _write_config(model: Any, folder: Path) -> None:
    """The configuration of the plain model, merged and dequantised, that the weights are of."""
    config = deepcopy(model.config)
    config.architectures = [type(model).__name__]
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    config.save_pretrained(folder)


@cache
def _say_nothing_at_exit() -> None:
    """Shuts standard error when the interpreter ends: libraries of vLLM count there what they leave behind."""
    atexit.register(lambda: os.dup2(os.open(os.devnull, os.O_WRONLY), 2))


@contextmanager
def _process_as_before() -> Iterator[None]:
    """Puts environment variables and torch's threads back as they were."""
    environment, set_threads, threads = dict(os.environ), torch.set_num_threads, torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads = set_threads
        torch.set_num_threads(threads)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
