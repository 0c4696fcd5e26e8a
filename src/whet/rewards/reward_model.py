"""A reward model (arXiv:2203.02155): a sequence classifier that scores conversations in batches."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PositiveInt

from whet.config import Section
from whet.errors import UserError
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.calls import RewardError
from whet.rewards.completions import text_of
from whet.types import Message

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Score = Callable[[Sequence[Sequence[Message]]], list[float | RewardError]]
"""Conversations, each ending in a completion → a score each, or why there is none."""


class RewardModelParams(Section):
    """Parameters of `reward_model`."""

    model: str = Field(min_length=1)
    """A folder or a hub name: any `AutoModelForSequenceClassification`."""
    label: int | str | None = None
    """Which class's probability is the reward, by number or name; a model of one output needs none."""
    sigmoid: bool = False
    """Whether a sigmoid is applied to the score of a model of one output."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """The dtype of weights and computation; auto takes bfloat16 where the machine is fast at it."""
    batch_tokens: PositiveInt = 16_384
    """The most tokens of a batch, padding included."""


def reward_model(_: ResponseFormat | None, params: RewardModelParams, score: Score) -> RewardFn:
    """The model's score of prompt and completion: a logit, or with `label` or `sigmoid` a probability."""

    def reward(*, prompts: list[Any], completions: list[Any], **_: Any) -> list[float | RewardError]:
        return score([conversation(*pair) for pair in zip(prompts, completions, strict=True)])

    return reward  # type: ignore[return-value]  # a `RewardError` in the list is a reward that failed


def conversation(prompt: Any, completion: Any) -> tuple[Message, ...]:
    """Prompt and completion as messages, from strings or messages.

    >>> conversation("1 + 1?", "2")
    ({'role': 'user', 'content': '1 + 1?'}, {'role': 'assistant', 'content': '2'})
    """
    turns = ({"role": "user", "content": prompt},) if isinstance(prompt, str) else tuple(prompt)
    return (*turns, {"role": "assistant", "content": text_of(completion)})


class RewardModel:
    """Scores conversations with a sequence classifier; implements `Score`."""

    def __init__(
        self, model: Any, tokenizer: Any, batch_tokens: int, label: int | str | None = None, sigmoid: bool = False
    ) -> None:
        """`model` has one output, or several of which `label` picks one; see `RewardModelParams`.

        Raises:
            UserError: the model has no such label, or has several and none is picked.
        """
        self.model, self.tokenizer = model.eval().requires_grad_(False), tokenizer
        self.batch_tokens, self.sigmoid = batch_tokens, sigmoid
        self.output = _output(model.config, label)
        self.pad = model.config.get_text_config().pad_token_id
        """The model's padding token; `None` where it can only read one row at a time."""
        limits = (getattr(model.config, "max_position_embeddings", None), getattr(tokenizer, "model_max_length", None))
        self.longest = min(limit for limit in (*limits, 10**9) if limit)

    def __call__(self, conversations: Sequence[Sequence[Message]]) -> list[float | RewardError]:
        """One score for each conversation, in order; a `RewardError` for one that is empty or too long.

        Up to rounding, a score does not depend on the rest of its batch.
        """
        rows = [self.encode(turns) for turns in conversations]
        scores: list[float | RewardError] = [
            RewardError(f"gave no score: {len(row)} tokens, and the model reads {self.longest}") for row in rows
        ]
        for batch in self.batches([len(row) for row in rows]):
            for index, score in zip(batch, self._scores([rows[i] for i in batch]), strict=True):
                scores[index] = score
        return scores

    def encode(self, turns: Sequence[Message]) -> list[int]:
        """Tokens by the tokenizer's chat template; without one, of prompt and completion as a sentence pair."""
        if self.tokenizer.chat_template:
            messages = [dict(turn) for turn in turns]
            return list(self.tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False))
        *prompts, completion = (turn["content"] for turn in turns)
        return list(self.tokenizer("\n\n".join(prompts), completion)["input_ids"])

    def batches(self, lengths: Sequence[int]) -> Iterator[list[int]]:
        """Batches of indices of rows that fit the model, shortest first: rows × longest ≤ `batch_tokens` or one row."""
        batch: list[int] = []
        for index in sorted(
            (i for i, length in enumerate(lengths) if 0 < length <= self.longest), key=lengths.__getitem__
        ):
            too_many = (len(batch) + 1) * lengths[index] > self.batch_tokens or self.pad is None
            if batch and too_many:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch

    def _scores(self, rows: Sequence[Sequence[int]]) -> list[float]:
        import torch

        width = max(map(len, rows))  # T
        tokens_BT = torch.full((len(rows), width), self.pad or 0)
        mask_BT = torch.zeros(len(rows), width, dtype=torch.long)
        for number, row in enumerate(rows):
            tokens_BT[number, : len(row)] = torch.tensor(row)
            mask_BT[number, : len(row)] = 1
        device = next(self.model.parameters()).device
        with torch.no_grad():
            logits_BC = self.model(input_ids=tokens_BT.to(device), attention_mask=mask_BT.to(device)).logits.float()
        return [float(score) for score in self._picked(logits_BC).cpu()]

    def _picked(self, logits_BC: "Tensor") -> "Tensor":
        """`[B]`: the probability of the chosen class, or the only output, from logits `[B, C]`."""
        if logits_BC.shape[1] > 1:
            return logits_BC.softmax(-1)[:, self.output]
        return logits_BC[:, 0].sigmoid() if self.sigmoid else logits_BC[:, 0]


def load_classifier(path: Path, dtype: "torch.dtype", device: "torch.device") -> tuple[Any, Any]:
    """Loads a sequence classifier onto `device`, and its tokenizer, without running code from the folder.

    Raises:
        UserError: it does not load, or is another kind of model, whose classifier head would be random.
    """
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    where = f"rewards.params.model of 'reward_model': {path}"
    options: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, **options)
        model, notes = AutoModelForSequenceClassification.from_pretrained(
            path, dtype=dtype, use_safetensors=True, output_loading_info=True, **options
        )
    except Exception as error:  # transformers and safetensors refuse in many types
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(f"{where} does not load ({reason}); name a sequence classifier") from error
    if missing := sorted(notes["missing_keys"]):
        raise UserError(f"{where} lacks {missing[0]}, so its scores would be random; name a sequence classifier")
    return model.to(device), tokenizer


def _output(config: Any, label: int | str | None) -> int:
    """Index of the model's output that is the score."""
    names = {int(number): str(name) for number, name in config.id2label.items()}
    if label is None and len(names) == 1:
        return 0
    for number, name in names.items():
        if label in (number, name):
            return number
    known = ", ".join(f"{number} ({name})" for number, name in names.items())
    is_what = "is missing" if label is None else f"is {label!r}"
    raise UserError(f"rewards.params.label of 'reward_model' {is_what}: name one of the model's classes, {known}")
