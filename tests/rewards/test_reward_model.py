"""A reward model: what it is given, and its scores against transformers' own forward, one unpadded row at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tokenizers
import torch
import transformers

import tiny
from rewards.classifiers import save_classifier, tiny_classifier
from rewards.steps import step
from whet.config.parameters import read_parameters
from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.rewards.mixture import Mixture, Part
from whet.rewards.reward_model import RewardModel, RewardModelParams, conversation, load_classifier, reward_model

PARAMS = read_parameters(RewardModelParams, {"model": "x"}, "rewards.0.params", "reward_model")


def test_scores_are_rewards_and_conversations_end_in_the_response() -> None:
    seen = []

    def score(conversations: Sequence[Any]) -> list[float | RewardError]:
        seen.extend(conversations)
        return [-1.5, RewardError("gave no score: 900 tokens"), 2.0]

    mixture = Mixture([Part("reward_model", reward_model(None, PARAMS, score))])
    graded = mixture.grade(*step(one=["a", "b"], two=["c"]))
    assert [[reward.total for reward in group.rewards] for group in graded.groups] == [[-1.5, None], [2.0]]
    assert seen[1] == ({"role": "user", "content": "q"}, {"role": "assistant", "content": "b"})
    assert [failure.sample for failure in graded.failures] == [1]


def test_texts_become_turns() -> None:
    turns = ({"role": "user", "content": "q"}, {"role": "assistant", "content": "a"})
    assert conversation("q", "a") == turns
    assert conversation([turns[0]], [turns[1]]) == turns


@pytest.mark.parametrize(
    ("given", "fix"),
    [
        ({}, "params.model: is missing; it must be a text: A folder or a hub name"),
        ({"model": "x", "dtype": "float16"}, "params.dtype: is 'float16'; it must be one of auto, "),
        ({"model": "x", "label": 1.5}, "params.label: is 1.5"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], fix: str) -> None:
    with pytest.raises(UserError, match=fix):
        read_parameters(RewardModelParams, given, "rewards.0.params", "reward_model")


TALKS = [
    [{"role": "user", "content": question}, {"role": "assistant", "content": response}]
    for question, response in [("1 + 1?", "2"), ("Name a colour.", "Blue, of course! " * 5), ("Why?", ""), ("1+1", "3")]
]


def plainly(model: Any, talk: Any) -> torch.Tensor:
    """`[C]`: the logits of one conversation, rendered as text first."""
    tokenizer = tiny.tiny_tokenizer()
    text = tokenizer.apply_chat_template(talk, tokenize=False)
    with torch.no_grad():
        return model(input_ids=torch.tensor([tokenizer(text)["input_ids"]])).logits[0]


@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Qwen3"])
@pytest.mark.parametrize("batch_tokens", [1, 150, 100_000])
def test_scores_are_those_of_each_row_alone(family: str, batch_tokens: int) -> None:
    model = tiny_classifier(family=family)
    scores = RewardModel(model, tiny.tiny_tokenizer(), batch_tokens)(TALKS)
    assert scores == pytest.approx([float(plainly(model, talk)[0]) for talk in TALKS], abs=1e-5)
    assert len(set(scores)) == 4


def test_a_sigmoid_squeezes() -> None:
    model = tiny_classifier()
    scores = RewardModel(model, tiny.tiny_tokenizer(), 1000, sigmoid=True)(TALKS)
    assert scores == pytest.approx(
        [1 / (1 + 2.718281828 ** -float(plainly(model, talk)[0])) for talk in TALKS], abs=1e-5
    )


@pytest.mark.parametrize(("label", "column"), [(0, 0), (2, 2), ("LABEL_1", 1)])
def test_a_class_is_a_probability(label: int | str, column: int) -> None:
    model = tiny_classifier(labels=3)
    scores = RewardModel(model, tiny.tiny_tokenizer(), 1000, label)(TALKS)
    odds = [plainly(model, talk).exp() for talk in TALKS]
    assert scores == pytest.approx([float(odd[column] / odd.sum()) for odd in odds], abs=1e-5)


@pytest.mark.parametrize("label", [None, 3, -1, "good"])
def test_a_class_that_is_not_there(label: int | str | None) -> None:
    known = r"name one of the model's classes, 0 \(LABEL_0\), 1 \(LABEL_1\), 2 \(LABEL_2\)"
    with pytest.raises(UserError, match=known):
        RewardModel(tiny_classifier(labels=3), tiny.tiny_tokenizer(), 1000, label)


def test_a_model_without_padding_reads_row_by_row() -> None:
    model = tiny_classifier(pad_token_id=None)
    scorer = RewardModel(model, tiny.tiny_tokenizer(), 100_000)
    assert [len(batch) for batch in scorer.batches([5, 5, 5])] == [1, 1, 1]
    assert scorer(TALKS) == pytest.approx([float(plainly(model, talk)[0]) for talk in TALKS], abs=1e-5)


def test_batches_are_full_and_never_too_large() -> None:
    scorer = RewardModel(tiny_classifier(), tiny.tiny_tokenizer(), batch_tokens=20)
    lengths = [9, 3, 30, 4, 4, 1, 10]
    batches = list(scorer.batches(lengths))
    assert sorted(index for batch in batches for index in batch) == list(range(7))
    assert [sorted(lengths[index] for index in batch) for batch in batches] == [[1, 3, 4, 4], [9, 10], [30]]


def test_what_is_too_long_has_no_score() -> None:
    talk = [{"role": "user", "content": "x" * 600}, {"role": "assistant", "content": "y"}]
    short, long = RewardModel(tiny_classifier(), tiny.tiny_tokenizer(), 1000)([TALKS[0], talk])
    assert isinstance(short, float)
    assert isinstance(long, RewardError)
    assert str(long).startswith("gave no score: ")
    assert str(long).endswith("tokens, and the model reads 512")


def test_without_a_chat_template_question_and_response_are_a_pair() -> None:
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer(
            tokenizers.models.WordLevel({"[U]": 0, "[S]": 1, "a": 2, "b": 3}, unk_token="[U]")
        ),
        unk_token="[U]",
        pad_token="[U]",
    )
    tokenizer.backend_tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.backend_tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="$A", pair="$A [S] $B", special_tokens=[("[S]", 1)]
    )
    scorer = RewardModel(tiny_classifier(), tokenizer, 1000)
    assert scorer.encode([{"role": "user", "content": "a a"}, {"role": "assistant", "content": "b"}]) == [
        2,
        2,
        1,
        3,
    ]


def test_nothing_learns() -> None:
    model = tiny_classifier().train()
    RewardModel(model, tiny.tiny_tokenizer(), 1000)(TALKS)
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_folder_loads_in_the_type_that_is_asked_for(tmp_path: Path, dtype: torch.dtype) -> None:
    model, tokenizer = load_classifier(save_classifier(tmp_path / "c"), dtype, torch.device("cpu"))
    assert {weight.dtype for weight in model.parameters()} == {dtype}
    scores = RewardModel(model, tokenizer, 1000)(TALKS)
    tolerance = 1e-5 if dtype is torch.float32 else 0.05
    assert scores == pytest.approx([float(plainly(tiny_classifier(), talk)[0]) for talk in TALKS], abs=tolerance)


def test_a_language_model_is_no_reward_model(tmp_path: Path) -> None:
    """Its head would be made up, and with it every score."""
    folder = tiny.save_tiny(tmp_path / "policy")
    with pytest.raises(UserError, match=r"lacks score.weight, so its scores would be random"):
        load_classifier(folder, torch.float32, torch.device("cpu"))


def test_what_does_not_load_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"does not load \(.*\); name a sequence classifier") as caught:
        load_classifier(tmp_path, torch.float32, torch.device("cpu"))
    assert "\n" not in str(caught.value)
