"""The recipe's rollout section: which engine samples, and its settings."""

import re
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from whet.config.section import Section


class VllmConfig(Section):
    """vLLM's engine, where `rollout.engine` is vllm."""

    rows: PositiveInt = 128
    """Completions that are sampled at once, at most."""
    context: PositiveInt | None = None
    """Tokens of a prompt and its completion together, at most. The default is 4096 more than the longest completion of
    the recipe, or the model's own context where that is less."""
    cache_gb: float | None = Field(None, gt=0)
    """Memory for keys and values, in GB. The default holds `rows` completions of the longest kind with prompts of 512
    tokens, in a quarter of the memory that is free when the engine starts, at most."""
    compile: Literal["auto", "always", "never"] = "auto"
    """Whether vLLM compiles the model, which takes about a minute at the start: auto does on a GPU."""


class RayConfig(Section):
    """Sampling workers of a Ray cluster, where `rollout.engine` is ray."""

    address: str = "local"
    """The cluster: local starts one on this machine and ends it with the run; auto takes the one that this machine
    belongs to; HOST:PORT is that of a head."""
    workers: PositiveInt = 2
    """Workers; each has a copy of the model and samples with the native engine."""
    cpus: float = Field(1.0, gt=0)
    """Cores of each worker, which takes a thread for each."""
    gpus: float | None = Field(None, ge=0, le=1)
    """GPUs of each worker; below 1 several share one. The default is 1 where the cluster has GPUs, else 0."""

    @model_validator(mode="after")
    def _refuse_other_addresses(self) -> "RayConfig":
        """Raises `ValueError` for what is no address of a cluster's head."""
        if not names_cluster(self.address, "local", "auto"):
            told = without_password(self.address)
            raise ValueError(f"address is {told!r}; use local, auto, or HOST:PORT of a cluster's head")
        return self


def names_cluster(address: str, *words: str) -> bool:
    """Whether an address of a Ray cluster is one of the words, or HOST:PORT of its head.

    >>> names_cluster("auto", "auto"), names_cluster("head:6379", "auto"), names_cluster("ray://head:10001", "auto")
    (True, True, False)
    """
    return address in words or re.fullmatch(r"[^\s:/]+:[0-9]{1,5}", address) is not None


def without_password(address: str) -> str:
    """Returns an address as it may be shown: what stands before its host may be a password.

    >>> without_password("redis://:secret@head:6379")
    'redis://…@head:6379'
    """
    return re.sub(r"//.*@", "//…@", address)


class RolloutConfig(Section):
    """The sampling engine."""

    engine: str = "auto"
    """The engine of the whole run, for check, training and evaluation: native, vllm or ray (each with the extra of that
    name); auto is native. What is done with the finished model (chat, eval, serve) is always native."""
    decoding: Literal["auto", "eager", "transformers"] = "auto"
    """How the native engine decodes: the fastest way that works (on a GPU recorded, with kernels of its own), PyTorch's
    operations one by one, or the model's own forward. All draw the same tokens, up to rounding: for reports of bugs."""
    ahead: Literal[0, 1] = 0
    """Steps that are sampled ahead, with ray: at 1 the next step is sampled while this one is learned from, by the
    policy before the update, for which `grpo.objective.importance` must correct."""
    vllm: VllmConfig | None = None
    """Settings of vLLM."""
    ray: RayConfig | None = None
    """Settings of Ray's workers."""

    @model_validator(mode="after")
    def _refuse_what_the_engine_does_not_read(self) -> "RolloutConfig":
        """Raises `ValueError` for settings of an engine that is not picked."""
        engine = self.engine
        if engine == "vllm" and self.decoding != "auto":
            raise ValueError(f"decoding is {self.decoding}, but engine is vllm, which has its own; leave decoding out")
        if self.ahead and engine in ("auto", "native", "vllm"):
            fix = "set engine to ray, or ahead to 0"
            raise ValueError(f"ahead is 1, but engine is {engine}, which samples in the learner's process; {fix}")
        for name, settings in (("vllm", self.vllm), ("ray", self.ray)):
            if settings and engine != name:
                fix = f"set engine to {name}, or leave {name} out"
                raise ValueError(f"{name} has settings, but engine is {engine}; {fix}")
        return self
