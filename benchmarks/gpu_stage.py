"""What the sections of `benchmarks/gpu.py` share: the device, its clock, the models that are measured."""

import gc
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.soak import SHAPE
from benchmarks.work import Work
from whet.batch import Batch

TINY = {
    **SHAPE,
    "vocab_size": 128,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
}
"""What a rehearsal trains in place of Qwen2.5-0.5B."""

ALPHABET = "".join(map(chr, range(32, 127)))


@dataclass(frozen=True)
class Stage:
    """Where a section runs, and how it tells its figures."""

    out: Path
    is_real: bool
    """On a GPU; else a rehearsal."""
    seconds: float
    """That are left for all sections."""
    say: Callable[..., None]
    """Takes a name, a value and, where one is known, what was expected."""

    @property
    def device(self) -> torch.device:
        """The GPU; in a rehearsal the CPU."""
        return torch.device("cuda" if self.is_real else "cpu")

    @property
    def works(self) -> list[Work]:
        """The steps that are measured: Q, G, P, C."""
        return [Work(8, 8, 100, 200), Work(32, 16, 100, 512)] if self.is_real else [Work(2, 2, 10, 12)]

    def wait(self) -> None:
        """Waits for the device."""
        if self.is_real:
            torch.cuda.synchronize()

    def clear(self) -> None:
        """Gives memory back that a section left."""
        gc.collect()
        if self.is_real:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def ms(self, work: Callable[[], Any], times: int = 5, warm: int = 2) -> float:
        """The median milliseconds of a call, the device waited for."""
        for _ in range(warm):
            work()
        taken = []
        for _ in range(times):
            self.wait()
            began = time.perf_counter()
            work()
            self.wait()
            taken.append(1e3 * (time.perf_counter() - began))
        return round(median(taken), 3)

    def peak_gib(self) -> float:
        """The most memory that tensors took on the GPU since the last `clear`; 0 in a rehearsal."""
        return round(torch.cuda.max_memory_allocated() / 2**30, 2) if self.is_real else 0.0

    def kernels(self, name: str, work: Callable[[], Any]) -> tuple[int, float]:
        """Counts the kernels of a call and their milliseconds; the whole table goes to `<name>_kernels.json`."""
        if not self.is_real:
            work()
            return 0, 0.0
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
            work()
            self.wait()
        rows = [
            (one.key[:80], one.count, round(one.self_device_time_total))
            for one in profile.key_averages()
            if one.self_device_time_total
        ]
        rows.sort(key=lambda row: -row[2])
        (self.out / f"{name}_kernels.json").write_text(json.dumps(rows, indent=0), encoding="utf-8")
        return sum(row[1] for row in rows), round(sum(row[2] for row in rows) / 1e3, 2)

    def folder(self) -> Path:
        """A model folder of Qwen2.5-0.5B's shape, its weights random, with a tokenizer of one token a character."""
        folder = self.out / "model"
        if not (folder / "config.json").is_file():
            make_model(folder, SHAPE if self.is_real else TINY, self.device)
        return folder

    def policy(self) -> Any:
        """That model as the learner has it."""
        from whet.build.policy import build_policy
        from whet.recipe import make_recipe

        source = {"model": {"name": str(self.folder())}, "data": {"train": {"name": "arithmetic"}}}
        return build_policy(make_recipe(source), lambda text: None)


def make_model(folder: Path, shape: dict[str, Any], device: torch.device) -> None:
    """Writes a Qwen2 model with random bfloat16 weights, and a tokenizer; nothing is fetched."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    with device:
        model = Qwen2ForCausalLM(Qwen2Config(**shape)).to(torch.bfloat16)
    model.save_pretrained(folder)
    spelled = {" ": "Ġ"}
    ids = {spelled.get(letter, letter): at for at, letter in enumerate(ALPHABET)}
    ids |= {name: len(ids) + at for at, name in enumerate(("<unk>", "<|im_start|>", "<|im_end|>"))}
    tokenizer = Tokenizer(models.BPE(ids, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    whole = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|im_end|>")
    whole.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    whole.save_pretrained(folder)


def batch_of(work: Work) -> Batch:
    """Random tokens of this work, ragged: every second completion is a quarter shorter."""
    rows, random = work.rows, torch.Generator().manual_seed(0)
    lengths_B = torch.full((rows,), work.tokens)
    lengths_B[1::2] -= work.tokens // 4
    mask_BT = torch.arange(work.tokens) < lengths_B[:, None]
    return Batch(
        prompts=tuple(torch.randint(4, 90, (work.prompt_tokens,), generator=random) for _ in range(work.prompts)),
        group_B=torch.arange(work.prompts).repeat_interleave(work.group),
        tokens_BT=torch.randint(4, 90, (rows, work.tokens), generator=random),
        mask_BT=mask_BT,
        loss_mask_BT=mask_BT,
        advantage_B=torch.randn(rows, generator=random),
        old_logprobs_BT=torch.full((rows, work.tokens), -12.0),
    )
