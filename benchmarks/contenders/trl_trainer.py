"""What both TRL workers share: a trainer as it comes or tuned, and a watch on its phases."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.contenders.device import now

TUNED: Mapping[str, Any] = {"gradient_checkpointing": False, "bf16": False, "optim": "adamw_torch_fused"}
"""Pure bfloat16 (the model is loaded so), no checkpointing, fused AdamW."""


class Stopwatch:
    """A trainer callback: seconds of each step, the whole and by phase."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []
        self.phases: Counter[str] = Counter()

    def time(self, owner: Any, method: str, phase: str) -> None:
        """Counts every call of the method under the phase."""
        real = getattr(owner, method)

        def timed(*args: Any, **options: Any) -> Any:
            began = now()
            try:
                return real(*args, **options)
            finally:
                self.phases[phase] += now() - began  # type: ignore[assignment]

        setattr(owner, method, timed)

    def begin(self) -> None:
        """A step begins."""
        self.phases.clear()
        self.began = now()

    def end(self) -> None:
        """A step ended: `learn` is what is neither sampling nor the optimizer."""
        whole = now() - self.began
        spent = {"rollout": self.phases["rollout"], "optimizer": self.phases["optimizer"]}
        self.steps.append({"step": whole, **spent, "learn": whole - sum(spent.values())})


@contextmanager
def trainer(
    folder: str, tuned: bool, texts: Sequence[str], reward: Callable[..., list[float]], settings: Mapping[str, Any]
) -> Iterator[tuple[Any, Stopwatch]]:
    """A GRPOTrainer over these prompts in this order; its steps are on the watch."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    watch = Stopwatch()

    class Watching(TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            watch.begin()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            watch.end()

        def on_pre_optimizer_step(self, *_: Any, **__: Any) -> None:
            self.began = now()

        def on_optimizer_step(self, *_: Any, **__: Any) -> None:
            watch.phases["optimizer"] += now() - self.began  # type: ignore[assignment]

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16 if tuned else torch.float32)
    with tempfile.TemporaryDirectory() as scratch:
        config = GRPOConfig(
            scratch,
            beta=0.0,
            shuffle_dataset=False,
            use_cpu=not torch.cuda.is_available(),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_steps=1,
            **{**settings, **(TUNED if tuned else {})},
        )
        made = GRPOTrainer(
            model,
            reward,
            args=config,
            train_dataset=Dataset.from_dict({"prompt": list(texts), "number": list(range(len(texts)))}),
            processing_class=tokenizer,
            callbacks=[Watching()],
        )
        watch.time(made, "_generate", "rollout")
        yield made, watch
