"""The sampler: what it draws depends on its key alone, and says truly how likely that was and why it ended."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

import tiny
from batches import prompt
from plainly import token_logprobs, with_lora
from whet.batch import collate
from whet.policy.language_model import LanguageModel
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.transformers_engine import TransformersEngine
from whet.rollout.native import NativeSampler
from whet.types import Group, Prompt, Reward, Rollout, SamplingParams

ENDS = {2, *range(10, 24)}
"""Any of these ends a turn, some of them special tokens and some not: rows end at many places."""

AS_TRAINED = SamplingParams()
QUESTIONS = [
    prompt("a", (5, 9, 33, 60, 71, 8, 4)),
    prompt("b", (44,)),
    prompt("c", (12, 90, 17)),
    prompt("d", (5, 9, 33)),
    prompt("e", (80, 81, 82, 83, 84)),
]


def a_model(family: str = "llama") -> Any:
    """One whose turns end with any of `ENDS`."""
    model = tiny.tiny_model(family)
    model.generation_config.eos_token_id = sorted(ENDS)
    return model


def language_model(model: Any, temperature: float = 1.0) -> LanguageModel:
    return LanguageModel(model, tiny.tiny_tokenizer(), temperature)


def sampler(model: Any, how: SamplingParams = AS_TRAINED, *, max_tokens: int = 12, **options: Any) -> NativeSampler:
    settings = {"seed": 3, "purpose": "train"} | options
    made = NativeSampler(how, max_tokens, **settings)
    made.load(language_model(model))
    return made


def tokens_of(outputs: Sequence[Sequence[Rollout]]) -> list[list[tuple[int, ...]]]:
    return [[rollout.tokens for rollout in rollouts] for rollouts in outputs]


def flat(outputs: Sequence[Sequence[Rollout]]) -> list[Rollout]:
    return [rollout for rollouts in outputs for rollout in rollouts]


@pytest.fixture(scope="module")
def usual() -> list[list[Rollout]]:
    """Four rollouts for each question."""
    return [list(rollouts) for rollouts in sampler(a_model()).sample(QUESTIONS, 4, 7)]


def test_the_rollouts_are_of_many_lengths(usual: list[list[Rollout]]) -> None:
    """Or else the tests below would show little."""
    rollouts = flat(usual)
    assert len({len(rollout.tokens) for rollout in rollouts}) >= 5
    assert {rollout.finish for rollout in rollouts} == {"stop", "length"}
    assert len({rollout.tokens for rollout in rollouts}) == len(rollouts)


@pytest.mark.parametrize("max_rows", [1, 4, 5, 9, 16, 1000])
def test_the_rows_of_a_call_do_not_matter(usual: list[list[Rollout]], max_rows: int) -> None:
    assert tokens_of(sampler(a_model(), max_rows=max_rows).sample(QUESTIONS, 4, 7)) == tokens_of(usual)


def test_neither_do_the_other_prompts_nor_their_order(usual: list[list[Rollout]]) -> None:
    drawn = sampler(a_model())
    order = [3, 0, 4, 2, 1]
    shuffled = tokens_of(drawn.sample([QUESTIONS[index] for index in order], 4, 7))
    assert shuffled == [tokens_of(usual)[index] for index in order]
    for index, question in enumerate(QUESTIONS):
        assert tokens_of(drawn.sample([question], 4, 7))[0] == tokens_of(usual)[index]


def test_more_samples_begin_with_the_fewer(usual: list[list[Rollout]]) -> None:
    fewer = tokens_of(sampler(a_model()).sample(QUESTIONS, 2, 7))
    assert fewer == [row[:2] for row in tokens_of(usual)]


def test_what_was_sampled_before_does_not_matter(usual: list[list[Rollout]]) -> None:
    drawn = sampler(a_model())
    torch.manual_seed(1234)
    drawn.sample(QUESTIONS[:2], 3, 6)
    assert tokens_of(drawn.sample(QUESTIONS, 4, 7)) == tokens_of(usual)


@pytest.mark.parametrize(("options", "step"), [({}, 8), ({"seed": 4}, 7), ({"purpose": "eval"}, 7)])
def test_another_step_seed_or_purpose_draws_anew(
    usual: list[list[Rollout]], options: dict[str, Any], step: int
) -> None:
    other = tokens_of(sampler(a_model(), **options).sample(QUESTIONS, 4, step))
    same = [a == b for mine, its in zip(other, tokens_of(usual), strict=True) for a, b in zip(mine, its, strict=True)]
    assert sum(same) <= 4  # a short rollout may be drawn twice by chance


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("how", [SamplingParams(), SamplingParams(0.7, 0.9), SamplingParams(0.0)], ids=str)
def test_the_fused_decoder_and_the_models_own_forward_say_the_same(family: str, how: SamplingParams) -> None:
    model = a_model(family)
    fused, plain = sampler(model, how), sampler(model, how)
    assert isinstance(fused.engine, Decoder)
    plain.engine = TransformersEngine(model)
    ours, theirs = fused.sample(QUESTIONS, 3, 0), plain.sample(QUESTIONS, 3, 0)
    assert tokens_of(ours) == tokens_of(theirs)
    for mine, its in zip(flat(ours), flat(theirs), strict=True):
        assert mine.logprobs == pytest.approx(its.logprobs, abs=1e-4)


def test_the_engine_is_the_fused_one_where_it_is_exact() -> None:
    def engine(model: Any) -> Any:
        drawn = NativeSampler(SamplingParams(), 4, 0, "train")
        drawn.load(language_model(model))
        return drawn.engine

    assert isinstance(engine(tiny.tiny_model("qwen3")), Decoder)
    assert isinstance(engine(with_lora("qwen2")), Decoder)
    assert isinstance(engine(tiny.tiny_model("gemma3")), Decoder)
    assert isinstance(engine(tiny.tiny_model("gemma3", attn_logit_softcapping=50.0)), TransformersEngine)


def test_a_rollout_stops_with_an_end_token_or_at_the_limit(usual: list[list[Rollout]]) -> None:
    for rollout in flat(usual):
        assert not ENDS & set(rollout.tokens[:-1])
        assert (rollout.finish == "stop") == (rollout.tokens[-1] in ENDS)
        assert len(rollout.tokens) == 12 or rollout.finish == "stop"
        assert len(rollout.tokens) <= 12


def test_an_end_token_at_the_very_limit_is_a_stop() -> None:
    model = a_model()
    whole = sampler(model).sample(QUESTIONS, 4, 7)
    stopped = [(q, s) for q, row in enumerate(whole) for s, o in enumerate(row) if o.finish == "stop"]
    for question, sample in stopped:
        rollout = whole[question][sample]
        exact = sampler(model, max_tokens=len(rollout.tokens)).sample(QUESTIONS, 4, 7)[question][sample]
        assert exact.tokens == rollout.tokens
        assert exact.finish == "stop"


@pytest.mark.parametrize("max_tokens", [1, 2, 5])
def test_a_lower_limit_cuts_the_same_rollouts(usual: list[list[Rollout]], max_tokens: int) -> None:
    cut = sampler(a_model(), max_tokens=max_tokens).sample(QUESTIONS, 4, 7)
    assert tokens_of(cut) == [[tokens[:max_tokens] for tokens in row] for row in tokens_of(usual)]
    for short, long in zip(flat(cut), flat(usual), strict=True):
        assert short.finish == ("length" if len(long.tokens) > max_tokens else long.finish)


def test_the_text_is_what_was_said_without_the_end_token(usual: list[list[Rollout]]) -> None:
    """Some models end their turn with a token that their tokenizer does not call special."""
    rollouts = flat(usual)
    assert any(rollout.tokens[-1] in ENDS - {2} for rollout in rollouts)
    for rollout in rollouts:
        said = rollout.tokens[:-1] if rollout.finish == "stop" else rollout.tokens
        assert rollout.text == "".join(tiny.VOCABULARY[token] for token in said if token > 3)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_greedy_is_transformers_own_generate(family: str) -> None:
    model = tiny.tiny_model(family)
    outputs = sampler(model, SamplingParams(0.0), max_tokens=20).sample(QUESTIONS, 1, 0)
    for question, (rollout,) in zip(QUESTIONS, outputs, strict=True):
        ids = torch.tensor([question.tokens])
        expected = model.generate(ids, do_sample=False, max_new_tokens=20)[0, ids.shape[1] :]
        assert list(rollout.tokens) == expected.tolist()


def as_batch(questions: Sequence[Prompt], outputs: Sequence[Sequence[Rollout]]) -> Any:
    groups = [
        Group(question, tuple(rollouts), tuple(Reward(0.0) for _ in rollouts))
        for question, rollouts in zip(questions, outputs, strict=True)
    ]
    return collate(groups, [[0.0] * len(rollouts) for rollouts in outputs])


@pytest.mark.parametrize(
    "how", [SamplingParams(), SamplingParams(0.6), SamplingParams(1.5), SamplingParams(1.0, 0.8)], ids=str
)
@pytest.mark.parametrize("family", [*tiny.FAMILIES, "lora"])
def test_recorded_logprobs_are_the_learners(family: str, how: SamplingParams) -> None:
    """π_old and π_θ agree before any update: the ratio starts at 1. With top-p too, by the whole distribution."""
    model = with_lora() if family == "lora" else tiny.tiny_model(family)
    outputs = sampler(model, how).sample(QUESTIONS, 3, 0)
    batch = as_batch(QUESTIONS, outputs)
    learner = language_model(model, how.temperature).logprobs(batch)
    assert (learner - batch.old_logprobs_BT).abs().max() <= 1e-4
    for question, rollouts in zip(QUESTIONS, outputs, strict=True):
        tokens = torch.tensor(rollouts[0].tokens)
        expected = token_logprobs(model, torch.tensor(question.tokens), tokens, how.temperature)
        assert list(rollouts[0].logprobs) == pytest.approx(expected.tolist(), abs=1e-4)


def test_the_old_policy_stays_until_it_is_loaded_again() -> None:
    model = a_model()
    drawn = sampler(model)
    before = tokens_of(drawn.sample(QUESTIONS, 2, 0))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)))
    assert tokens_of(drawn.sample(QUESTIONS, 2, 0)) == before
    drawn.load(language_model(model))
    assert tokens_of(drawn.sample(QUESTIONS, 2, 0)) != before


def test_streaming_reads_the_same_response_token_by_token() -> None:
    drawn = sampler(a_model(), max_tokens=8)
    for question in QUESTIONS:
        streamed = list(drawn.stream_tokens(question))
        ((rollout,),) = drawn.sample([question], 1, 0)
        assert tuple(token for step in streamed for token in step.tokens) == rollout.tokens
        assert all(step.rows == (0,) for step in streamed)


def test_first_tokens_are_drawn_from_the_policy() -> None:
    """2,000 samples of one prompt against its softmax, by a chi-square test on the likely tokens."""
    from scipy import stats

    model = tiny.tiny_model()
    rollouts = sampler(model, max_tokens=1, max_rows=2000).sample([QUESTIONS[2]], 2000, 0)[0]
    p = model(torch.tensor([QUESTIONS[2].tokens])).logits[0, -1].double().softmax(-1).detach()
    counts = torch.bincount(torch.tensor([rollout.tokens[0] for rollout in rollouts]), minlength=100)
    likely = p * 2000 >= 5
    found = [*counts[likely].tolist(), int(counts[~likely].sum())]
    expected = [*(2000 * p[likely]).tolist(), float(2000 * p[~likely].sum())]
    assert stats.chisquare(found, expected).pvalue > 0.01


def test_no_prompts() -> None:
    assert list(sampler(a_model()).sample([], 4, 0)) == []
