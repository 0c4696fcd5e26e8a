"""The sampler: what it draws depends on its key alone, and says truly how likely that was and why it ended."""

import gc
import logging
import weakref
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
import torch

import tiny
from batches import prompt
from plainly import token_logprobs, with_lora
from whet.batch import collate
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.rollout import engine_choice, native
from whet.rollout.call_size import OutOfMemoryError
from whet.rollout.engine import decoder
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.transformers_engine import TransformersEngine
from whet.rollout.generate import Drawn
from whet.rollout.native import NativeSampler
from whet.rollout.rollouts import Rollouts
from whet.types import Completion, Group, Prompt, Request, Reward, Rollout, SamplingParams

ENDS = {2, *range(10, 24)}
"""Any of these ends a turn, some of them special tokens and some not: rows end at many places."""

AS_TRAINED = SamplingParams(max_tokens=12)
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


def engine(model: Any, max_rows: int = 128) -> NativeSampler:
    """A sampler with the model's weights."""
    made = NativeSampler(max_rows)
    made.load(language_model(model))
    return made


def sampler(model: Any, params: SamplingParams = AS_TRAINED, *, max_rows: int = 128, **options: Any) -> Rollouts:
    """Rollouts from such a sampler."""
    settings = {"seed": 3, "purpose": "train"} | options
    return Rollouts(engine(model, max_rows), tiny.tiny_tokenizer(), params, **settings)


def how(temperature: float = 1.0, top_p: float = 1.0, max_tokens: int = 12) -> SamplingParams:
    return SamplingParams(temperature, top_p, max_tokens)


def tokens_of(outputs: Sequence[Sequence[Rollout]]) -> list[list[tuple[int, ...]]]:
    return [[rollout.tokens for rollout in rollouts] for rollouts in outputs]


def flat(outputs: Sequence[Sequence[Rollout]]) -> list[Rollout]:
    return [rollout for rollouts in outputs for rollout in rollouts]


@pytest.fixture(scope="module")
def usual() -> list[list[Rollout]]:
    """Four rollouts for each question."""
    return [list(rollouts) for rollouts in sampler(a_model())(QUESTIONS, 4, 7)]


def test_the_rollouts_are_of_many_lengths(usual: list[list[Rollout]]) -> None:
    """Or else the tests below would show little."""
    rollouts = flat(usual)
    assert len({len(rollout.tokens) for rollout in rollouts}) >= 5
    assert {rollout.finish for rollout in rollouts} == {"stop", "length"}
    assert len({rollout.tokens for rollout in rollouts}) == len(rollouts)


@pytest.mark.parametrize("max_rows", [1, 4, 5, 9, 16, 1000])
def test_the_rows_of_a_call_do_not_matter(usual: list[list[Rollout]], max_rows: int) -> None:
    assert tokens_of(sampler(a_model(), max_rows=max_rows)(QUESTIONS, 4, 7)) == tokens_of(usual)


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("params", [how(max_tokens=24), how(0.8, 0.9, max_tokens=24), how(0.0, max_tokens=24)], ids=str)
def test_refilled_or_not_every_family_says_the_same(
    family: str, params: SamplingParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """24 tokens, past sliding windows of 6 and 16: in eight places that are refilled, and all at once."""
    model = a_model(family)
    joins: list[int] = []
    real = Decoder.join
    monkeypatch.setattr(Decoder, "join", lambda self, some, *more: joins.append(len(some)) or real(self, some, *more))
    found = {}
    for name, (threshold, rows) in {"all": (0.0, 128), "refilled": (1.0, 8)}.items():
        monkeypatch.setattr(Decoder, "refill_threshold", threshold)
        found[name] = tokens_of(sampler(model, params, max_rows=rows)(QUESTIONS * 2, 2, 7))
        assert bool(joins) == (name == "refilled")
    assert found["all"] == found["refilled"]


def test_neither_do_the_other_prompts_nor_their_order(usual: list[list[Rollout]]) -> None:
    drawn = sampler(a_model())
    order = [3, 0, 4, 2, 1]
    shuffled = tokens_of(drawn([QUESTIONS[index] for index in order], 4, 7))
    assert shuffled == [tokens_of(usual)[index] for index in order]
    for index, question in enumerate(QUESTIONS):
        assert tokens_of(drawn([question], 4, 7))[0] == tokens_of(usual)[index]


def test_more_samples_begin_with_the_fewer(usual: list[list[Rollout]]) -> None:
    fewer = tokens_of(sampler(a_model())(QUESTIONS, 2, 7))
    assert fewer == [row[:2] for row in tokens_of(usual)]


def test_what_was_sampled_before_does_not_matter(usual: list[list[Rollout]]) -> None:
    drawn = sampler(a_model())
    torch.manual_seed(1234)
    drawn(QUESTIONS[:2], 3, 6)
    assert tokens_of(drawn(QUESTIONS, 4, 7)) == tokens_of(usual)


@pytest.mark.parametrize(("options", "step"), [({}, 8), ({"seed": 4}, 7), ({"purpose": "eval"}, 7)])
def test_another_step_seed_or_purpose_draws_anew(
    usual: list[list[Rollout]], options: dict[str, Any], step: int
) -> None:
    other = tokens_of(sampler(a_model(), **options)(QUESTIONS, 4, step))
    same = [a == b for mine, its in zip(other, tokens_of(usual), strict=True) for a, b in zip(mine, its, strict=True)]
    assert sum(same) <= 4  # a short rollout may be drawn twice by chance


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("params", [how(), how(0.7, 0.9), how(0.0)], ids=str)
def test_the_fused_decoder_and_the_models_own_forward_say_the_same(family: str, params: SamplingParams) -> None:
    model = a_model(family)
    fused, plain = sampler(model, params), sampler(model, params)
    plain.sampler.load(language_model(model).without_fast_paths())
    engines = [type(one.sampler.engine) for one in (fused, plain)]  # type: ignore[attr-defined]
    assert engines == [Decoder, TransformersEngine]
    ours, theirs = fused(QUESTIONS, 3, 0), plain(QUESTIONS, 3, 0)
    assert tokens_of(ours) == tokens_of(theirs)
    for mine, its in zip(flat(ours), flat(theirs), strict=True):
        assert mine.logprobs == pytest.approx(its.logprobs, abs=1e-4)


def test_the_engine_is_the_fused_one_where_it_is_exact() -> None:
    assert isinstance(engine(tiny.tiny_model("qwen3")).engine, Decoder)
    assert isinstance(engine(with_lora("qwen2")).engine, Decoder)
    assert isinstance(engine(tiny.tiny_model("gemma3")).engine, Decoder)
    assert isinstance(engine(tiny.tiny_model("gemma3", use_bidirectional_attention=True)).engine, TransformersEngine)


def test_a_rollout_stops_with_an_end_token_or_at_the_limit(usual: list[list[Rollout]]) -> None:
    for rollout in flat(usual):
        assert not ENDS & set(rollout.tokens[:-1])
        assert (rollout.finish == "stop") == (rollout.tokens[-1] in ENDS)
        assert len(rollout.tokens) == 12 or rollout.finish == "stop"
        assert len(rollout.tokens) <= 12


def test_an_end_token_at_the_very_limit_is_a_stop() -> None:
    model = a_model()
    whole = sampler(model)(QUESTIONS, 4, 7)
    stopped = [(q, s) for q, row in enumerate(whole) for s, o in enumerate(row) if o.finish == "stop"]
    for question, sample in stopped:
        rollout = whole[question][sample]
        exact = sampler(model, how(max_tokens=len(rollout.tokens)))(QUESTIONS, 4, 7)[question][sample]
        assert exact.tokens == rollout.tokens
        assert exact.finish == "stop"


@pytest.mark.parametrize("max_tokens", [1, 2, 5])
def test_a_lower_limit_cuts_the_same_rollouts(usual: list[list[Rollout]], max_tokens: int) -> None:
    cut = sampler(a_model(), how(max_tokens=max_tokens))(QUESTIONS, 4, 7)
    assert tokens_of(cut) == [[tokens[:max_tokens] for tokens in row] for row in tokens_of(usual)]
    for short, long in zip(flat(cut), flat(usual), strict=True):
        assert short.finish == ("length" if len(long.tokens) > max_tokens else long.finish)


def test_the_text_is_what_was_said_without_the_end_token(usual: list[list[Rollout]]) -> None:
    """Some models end their turn with a token that their tokenizer does not call special."""
    rollouts = flat(usual)
    assert any(rollout.tokens[-1] in ENDS - {2} for rollout in rollouts)
    for rollout in rollouts:
        said = rollout.tokens[:-1] if rollout.finish == "stop" else rollout.tokens
        assert rollout.text == "".join(tiny.VOCABULARY[token] for token in said)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_greedy_is_transformers_own_generate(family: str) -> None:
    model = tiny.tiny_model(family)
    outputs = sampler(model, how(0.0, max_tokens=20))(QUESTIONS, 1, 0)
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


@pytest.mark.parametrize("params", [how(), how(0.6), how(1.5), how(1.0, 0.8)], ids=str)
@pytest.mark.parametrize("family", [*tiny.FAMILIES, "lora"])
def test_recorded_logprobs_are_the_learners(family: str, params: SamplingParams) -> None:
    """π_old and π_θ agree before any update: the ratio starts at 1. With top-p too, by the whole distribution."""
    model = with_lora() if family == "lora" else tiny.tiny_model(family)
    outputs = sampler(model, params)(QUESTIONS, 3, 0)
    batch = as_batch(QUESTIONS, outputs)
    learner = language_model(model, params.temperature).logprobs(batch)
    assert (learner - batch.old_logprobs_BT).abs().max() <= 1e-4
    for question, rollouts in zip(QUESTIONS, outputs, strict=True):
        tokens = torch.tensor(rollouts[0].tokens)
        expected = token_logprobs(model, torch.tensor(question.tokens), tokens, params.temperature)
        assert list(rollouts[0].logprobs) == pytest.approx(expected.tolist(), abs=1e-4)


def test_the_old_policy_stays_until_it_is_loaded_again() -> None:
    model = a_model()
    drawn = sampler(model)
    before = tokens_of(drawn(QUESTIONS, 2, 0))
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.2 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)))
    assert tokens_of(drawn(QUESTIONS, 2, 0)) == before
    drawn.sampler.load(language_model(model))
    assert tokens_of(drawn(QUESTIONS, 2, 0)) != before


def test_streaming_reads_the_same_response_token_by_token() -> None:
    drawn = engine(a_model())
    finishes = set()
    for number, question in enumerate(QUESTIONS):
        request, params = Request(question.tokens, (number,)), how(max_tokens=8)
        streamed = list(drawn.stream(request, params))
        ((completion,),) = drawn.generate([request], params)
        assert tuple(token.id for token in streamed) == completion.tokens
        assert tuple(token.logprob for token in streamed) == completion.logprobs
        assert [token.finish for token in streamed] == [None] * (len(streamed) - 1) + [completion.finish]
        finishes.add(completion.finish)
    assert finishes == {"stop", "length"}


def test_first_tokens_are_drawn_from_the_policy() -> None:
    """2,000 samples of one prompt against its softmax, by a chi-square test on the likely tokens."""
    from scipy import stats

    model = tiny.tiny_model()
    rollouts = sampler(model, how(max_tokens=1), max_rows=2000)([QUESTIONS[2]], 2000, 0)[0]
    p = model(torch.tensor([QUESTIONS[2].tokens])).logits[0, -1].double().softmax(-1).detach()
    counts = torch.bincount(torch.tensor([rollout.tokens[0] for rollout in rollouts]), minlength=100)
    likely = p * 2000 >= 5
    found = [*counts[likely].tolist(), int(counts[~likely].sum())]
    expected = [*(2000 * p[likely]).tolist(), float(2000 * p[~likely].sum())]
    assert stats.chisquare(found, expected).pvalue > 0.01


def test_no_prompts() -> None:
    assert list(sampler(a_model())([], 4, 0)) == []


def test_requests_may_have_unequally_many_keys() -> None:
    """Also none; what each says does not depend on the others."""
    drawn, params = engine(a_model(), max_rows=4), AS_TRAINED
    sizes = [2, 0, 3, 3, 1, 5, 0]
    contexts = [QUESTIONS[place % 5].tokens for place in range(len(sizes))]
    keys = [tuple(range(100 * place, 100 * place + size)) for place, size in enumerate(sizes)]
    requests = [Request(context, some) for context, some in zip(contexts, keys, strict=True)]
    found = drawn.generate(requests, params)
    assert [len(some) for some in found] == sizes
    for request, some in zip(requests, found, strict=True):
        alone = [drawn.generate([Request(request.tokens, (key,))], params)[0][0] for key in request.keys]
        assert [one.tokens for one in some] == [one.tokens for one in alone]


def test_equal_contexts_and_keys_give_equal_completions() -> None:
    first, second = engine(a_model()).generate([Request((5, 9), (7, 8)), Request((5, 9), (8, 7))], AS_TRAINED)
    assert [one.tokens for one in first] == [one.tokens for one in reversed(second)]
    assert first[0].tokens != first[1].tokens
    assert isinstance(first[0], Completion)


def test_at_most_so_many_rows_at_a_time_unless_one_request_asks_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []
    real = Decoder.advance

    def counted(decoder: Decoder, tokens_R: torch.Tensor) -> Any:
        rows.append(len(tokens_R))
        return real(decoder, tokens_R)

    monkeypatch.setattr(Decoder, "advance", counted)
    requests = [Request(question.tokens, tuple(range(3))) for question in QUESTIONS]
    for max_rows, most in ((7, 6), (2, 3), (100, 15)):
        rows.clear()
        engine(a_model(), max_rows).generate(requests, AS_TRAINED)
        assert max(rows) == most


@pytest.mark.parametrize("unloaded", ["never loaded", "released"])
def test_it_samples_between_load_and_release_only(unloaded: str) -> None:
    drawn = NativeSampler()
    if unloaded == "released":
        drawn = engine(a_model())
        drawn.release()
    request = Request((5,), (1,))
    for ask in (lambda: drawn.generate([request], AS_TRAINED), lambda: list(drawn.stream(request, AS_TRAINED))):
        with pytest.raises(RuntimeError, match="between load and release"):
            ask()


def test_to_release_twice_or_before_the_first_load_does_no_harm() -> None:
    drawn = NativeSampler()
    drawn.release()
    drawn.load(language_model(a_model()))
    drawn.release()
    drawn.release()
    assert drawn.engine is None


def tensors_of(value: Any) -> list[torch.Tensor]:
    """All tensors of a fused copy, its layers and what they are made of."""
    if isinstance(value, torch.Tensor):
        return [value]
    parts: Sequence[Any] = value if isinstance(value, tuple) else ()
    if is_dataclass(value):
        parts = [getattr(value, field.name) for field in fields(value)]
    return [tensor for part in parts for tensor in tensors_of(part)]


def held(drawn: NativeSampler) -> list[Any]:
    """Weak references to the engine, its copy of the weights, and the keys and values of the last call."""
    decoder = drawn.engine
    assert isinstance(decoder, Decoder)
    caches = [getattr(cache, field.name) for cache in decoder.cache.layers for field in fields(cache)]
    return [weakref.ref(one) for one in (decoder, *tensors_of(decoder.weights), *caches)]


def alive(references: Sequence[Any]) -> int:
    gc.collect()
    return sum(reference() is not None for reference in references)


@pytest.mark.parametrize("family", [*tiny.FAMILIES, "lora"])
def test_after_release_nothing_of_the_engine_is_left(family: str) -> None:
    model = with_lora() if family == "lora" else tiny.tiny_model(family)
    drawn = engine(model)
    completions = drawn.generate([Request(question.tokens, (1, 2)) for question in QUESTIONS], AS_TRAINED)
    references = held(drawn)
    assert alive(references) == len(references) >= 1 + 2 + 2 * 6 + 2 * 4
    drawn.release()
    assert alive(references) == 0
    assert len(completions) == 5, "what was sampled stays"


def test_a_stream_that_was_broken_off_holds_nothing_after_release() -> None:
    drawn = engine(a_model())
    stream = drawn.stream(Request(QUESTIONS[0].tokens, (1,)), AS_TRAINED)
    next(stream)
    references = held(drawn)
    stream.close()  # type: ignore[attr-defined]
    drawn.release()
    assert alive(references) == 0


@pytest.mark.parametrize("family", ["llama", "lora"])
def test_every_load_copies_the_weights_once(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And sampling none: however many calls come between, and whoever asks."""
    copies: list[Any] = []
    real = engine_choice.fuse
    monkeypatch.setattr(engine_choice, "fuse", lambda model: copies.append(model) or real(model))
    model = with_lora() if family == "lora" else a_model()
    drawn, policy = NativeSampler(), language_model(model)
    for loads in (1, 2, 3):
        drawn.load(policy)
        for _ in range(3):
            drawn.generate([Request(question.tokens, (1,)) for question in QUESTIONS], AS_TRAINED)
            list(drawn.stream(Request((5,), (1,)), AS_TRAINED))
        assert len(copies) == loads


def test_a_copy_is_of_every_weight_once_and_shares_none_with_the_model() -> None:
    model = tiny.tiny_model(tie_word_embeddings=False)
    decoder = engine(model).engine
    assert isinstance(decoder, Decoder)
    copied = tensors_of(decoder.weights)
    assert sum(tensor.numel() for tensor in copied) == model.num_parameters()
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    assert not own & {tensor.untyped_storage().data_ptr() for tensor in copied}


def test_the_last_copy_is_gone_before_the_next_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else two copies would have to fit beside the model."""
    drawn = engine(a_model())
    drawn.generate([Request((5,), (1,))], AS_TRAINED)
    references, real = held(drawn), engine_choice.fuse
    left: list[int] = []
    monkeypatch.setattr(engine_choice, "fuse", lambda model: left.append(alive(references)) or real(model))
    drawn.load(language_model(a_model()))
    assert left == [0]


def test_a_borrowed_model_is_let_go_too() -> None:
    """Where no fused copy is known: its keys and values."""
    drawn = NativeSampler()
    drawn.load(language_model(a_model()).without_fast_paths())
    drawn.generate([Request((5,), (1,))], AS_TRAINED)
    assert isinstance(drawn.engine, TransformersEngine)
    references = [weakref.ref(drawn.engine), weakref.ref(drawn.engine.cache)]
    drawn.release()
    assert alive(references) == 0


def hungry(monkeypatch: pytest.MonkeyPatch, most: int, holder: list[int]) -> None:
    """Memory that suffices for so many rows; `holder` gets the rows of every call."""
    real = Decoder.advance

    def starved(decoder: Decoder, tokens_R: torch.Tensor) -> Any:
        holder.append(len(tokens_R))
        if len(tokens_R) > most:  # after a token: what was drawn is drawn again
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return real(decoder, tokens_R)

    monkeypatch.setattr(Decoder, "advance", starved)


@pytest.mark.parametrize("most", [1, 2, 5, 7])
def test_out_of_memory_halves_the_rows_and_changes_no_response(
    usual: list[list[Rollout]], most: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Down to the rows of one prompt, apart."""
    rows: list[int] = []
    hungry(monkeypatch, most, rows)
    with caplog.at_level(logging.WARNING, logger="whet"):
        drawn = sampler(a_model())
        assert tokens_of(drawn(QUESTIONS, 4, 7)) == tokens_of(usual)
    assert rows[0] == 20
    assert caplog.messages[0] == (
        "out of memory sampling 20 rows at once: going on with 10; responses do not depend on it"
    )
    rows.clear()
    drawn(QUESTIONS[:1], 1, 8)
    later = len(caplog.messages)
    drawn(QUESTIONS, 1, 8)
    assert max(rows) <= max(most, 1), "what did not fit once is not tried again"
    assert len(caplog.messages) == later


def test_out_of_memory_counts_the_rows_that_were_together(
    usual: list[list[Rollout]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """20 rows are asked for, of which 70,000 free bytes are expected to hold eight, and five fit."""
    rows: list[int] = []
    hungry(monkeypatch, 5, rows)
    drawn = NativeSampler(free_bytes=lambda device: 70_000)
    drawn.load(language_model(a_model()))
    rollouts = Rollouts(drawn, tiny.tiny_tokenizer(), AS_TRAINED, 3, "train")
    with caplog.at_level(logging.WARNING, logger="whet"):
        assert tokens_of(rollouts(QUESTIONS, 4, 7)) == tokens_of(usual)
        assert tokens_of(rollouts(QUESTIONS, 4, 7)) == tokens_of(usual)
    assert caplog.messages == ["out of memory sampling 8 rows at once: going on with 4; responses do not depend on it"]
    assert [count for count in rows if count > 4] == [8]


def test_one_prompt_that_did_not_fit_is_not_tried_whole_again(
    usual: list[list[Rollout]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its four rows are sampled two by two from then on."""
    rows: list[int] = []
    hungry(monkeypatch, 2, rows)
    drawn = sampler(a_model())
    for _ in range(2):
        rows.clear()
        caplog.clear()
        assert tokens_of(drawn(QUESTIONS[:2], 4, 7)) == tokens_of(usual)[:2]
    assert max(rows) == 2
    assert caplog.messages == []


def test_out_of_memory_after_the_last_token_asks_for_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def spent(*what: Any) -> Any:
        yield Drawn((0, 1), (2, 10), (-1.0, -2.0))
        raise OutOfMemoryError(2)

    monkeypatch.setattr(native, "generate", spent)
    found = engine(a_model()).generate([Request((5,), (11,)), Request((6,), (12,))], AS_TRAINED)
    assert found == [[Completion((2,), (-1.0,), "stop")], [Completion((10,), (-2.0,), "stop")]]


def test_one_row_that_does_not_fit_is_the_users_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    hungry(monkeypatch, 0, [])
    with pytest.raises(UserError, match=r"grpo\.sampling\.max_tokens: out of memory sampling one response alone"):
        sampler(a_model())(QUESTIONS[:1], 2, 7)


def test_another_error_is_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*what: Any) -> Any:
        raise RuntimeError("shapes differ")
        yield

    monkeypatch.setattr(native, "generate", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        sampler(a_model())(QUESTIONS[:1], 2, 7)


def test_a_completion_holds_nothing_from_before_its_row_began_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """And each is told of once, when it has ended."""

    def scripted(*what: Any) -> Any:
        yield Drawn((0, 1), (5, 6), (-1.0, -2.0))
        yield Drawn((0, 1), (5, 2), (-1.0, -2.0))
        yield Drawn((), (), (), again=(0,))
        yield Drawn((0,), (7,), (-3.0,))
        yield Drawn((0,), (2,), (-4.0,))

    monkeypatch.setattr(native, "generate", scripted)
    drawn, told = engine(a_model()), []
    drawn.ended = lambda key, completion: told.append((key, completion.tokens))
    (found,) = drawn.generate([Request((5,), (11, 12))], AS_TRAINED)
    assert found == [Completion((7, 2), (-3.0, -4.0), "stop"), Completion((6, 2), (-2.0, -2.0), "stop")]
    assert told == [(12, (6, 2)), (11, (7, 2))]


def test_rows_are_sized_by_the_memory_that_is_free(usual: list[list[Rollout]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A row takes 16 · 100 bytes of logits and 256 for each of 12 tokens and for a quarter of its prompt of 7: 5,120
    in all. 128 rows are halved until 70 % of what is free holds them: 35,000 bytes hold four, 70,000 eight."""
    for free, expected in ((35_000, 4), (70_000, 8)):
        rows: list[int] = []
        hungry(monkeypatch, 100, rows)
        drawn = NativeSampler(free_bytes=lambda device, free=free: free)
        drawn.load(language_model(a_model()))
        found = Rollouts(drawn, tiny.tiny_tokenizer(), AS_TRAINED, 3, "train")(QUESTIONS, 4, 7)
        assert tokens_of(found) == tokens_of(usual)
        assert rows[0] == expected, "later there are more: rows are shorter than they may be"
        monkeypatch.undo()


def test_long_prompts_are_prefilled_in_parts(usual: list[list[Rollout]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight tokens at a time, padding included: a prompt of 7, then two of 1 and 3, then one of 3, then one of 5."""
    widths: list[tuple[int, int]] = []
    real = Decoder._prefilled

    def seen(self: Any, cache: Any, first: int, prompts: Any) -> torch.Tensor:
        widths.append((first, len(prompts)))
        return real(self, cache, first, prompts)

    monkeypatch.setattr(decoder, "PREFILL_TOKENS", 8)
    monkeypatch.setattr(Decoder, "_prefilled", seen)
    assert tokens_of(sampler(a_model())(QUESTIONS, 4, 7)) == tokens_of(usual)
    assert widths == [(0, 1), (1, 2), (3, 1), (4, 1)]


def test_rows_that_are_told_as_they_are_drawn_are_those_of_generate() -> None:
    drawn, requests = engine(a_model()), [Request((5, 6, 7), (1, 2)), Request((8,), (3, 4))]
    rows: dict[int, list[int]] = {}
    for some in drawn.drawn(requests, AS_TRAINED):
        for row, token in zip(some.rows, some.tokens, strict=True):
            rows.setdefault(row, []).append(token)
    expected = [list(one.tokens) for some in drawn.generate(requests, AS_TRAINED) for one in some]
    assert [rows[row] for row in range(4)] == expected


def test_nothing_is_drawn_without_a_model() -> None:
    with pytest.raises(RuntimeError, match="between load and release"):
        next(NativeSampler().drawn([Request((5,), (1,))], AS_TRAINED))
