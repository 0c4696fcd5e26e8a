"""Which engine is made, kept and left, with options that fail on a CPU as a GPU's would."""

import logging
from typing import Any

import pytest

import tiny
from stand_in_gpu import Recorder
from whet.policy.language_model import LanguageModel
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.operations import TORCH
from whet.rollout.engine.transformers_engine import TransformersEngine
from whet.rollout.engine_choice import EAGER, ENGINE_OPTIONS, KEPT_SHARE, EngineChoice, EngineOption
from whet.rollout.native import NativeSampler
from whet.types import Request, SamplingParams

PLENTY = 10**12
REQUESTS = [Request((5, 9, 33), (1, 2)), Request((44,), (3, 4))]
PARAMS = SamplingParams(max_tokens=12)


def policy(model: Any = None) -> LanguageModel:
    return LanguageModel(model or tiny.tiny_model(), tiny.tiny_tokenizer())


def recorded(weights: Any) -> GraphedDecoder:
    return GraphedDecoder(weights, TORCH, Recorder())


def failing(weights: Any) -> GraphedDecoder:
    def record(work: Any) -> Any:
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    return GraphedDecoder(weights, TORCH, record)


def not_installed(weights: Any) -> Any:
    raise ImportError("No module named 'triton'")


def choice(*makers: Any, decoding: Any = "auto") -> EngineChoice:
    options = (*(EngineOption(f"option {number}", make) for number, make in enumerate(makers)), EAGER)
    return EngineChoice(decoding, {"cpu": options})


def sampler(*makers: Any, decoding: Any = "auto") -> NativeSampler:
    made = NativeSampler(decoding=decoding)
    made.engine_choice = choice(*makers, decoding=decoding)
    made.load(policy())
    return made


def test_the_first_option_that_can_be_made_is_taken() -> None:
    assert isinstance(choice(recorded).engine(policy()), GraphedDecoder)
    assert isinstance(choice(not_installed, recorded).engine(policy()), GraphedDecoder)
    assert type(choice(not_installed).engine(policy())) is Decoder


@pytest.mark.parametrize(
    ("decoding", "expected"), [("auto", GraphedDecoder), ("eager", Decoder), ("transformers", TransformersEngine)]
)
def test_a_way_of_decoding_may_be_asked_for(decoding: Any, expected: type) -> None:
    assert type(choice(recorded, decoding=decoding).engine(policy())) is expected


def test_all_ways_of_decoding_draw_the_same_tokens() -> None:
    found = [sampler(recorded, decoding=how).generate(REQUESTS, PARAMS) for how in ("auto", "eager", "transformers")]
    tokens = [[[one.tokens for one in some] for some in each] for each in found]
    assert tokens[0] == tokens[1] == tokens[2]


def test_an_engine_that_fails_is_left_for_the_next_and_that_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    expected = sampler().generate(REQUESTS, PARAMS)
    drawn = sampler(failing, failing)
    with caplog.at_level(logging.WARNING, logger="whet"):
        for _ in range(3):
            found = drawn.generate(REQUESTS, PARAMS)
            assert [[one.tokens for one in some] for some in found] == [
                [one.tokens for one in some] for some in expected
            ]
            drawn.release()
            drawn.load(policy())
    why = "operation not permitted when stream is capturing (rollout.decoding: eager starts there; please report it)"
    assert [record.getMessage() for record in caplog.records] == [
        f"sampling goes on with option 1, slower: {why}",
        f"sampling goes on with PyTorch's operations one by one, slower: {why}",
    ]
    assert type(drawn.engine) is Decoder


def test_a_stream_goes_down_too() -> None:
    expected = [token.id for token in sampler().stream(Request((5, 9), (1,)), PARAMS)]
    assert [token.id for token in sampler(failing).stream(Request((5, 9), (1,)), PARAMS)] == expected


def test_the_last_option_has_no_other() -> None:
    drawn = sampler()
    drawn.engine.start = None  # type: ignore[union-attr, assignment, method-assign]
    with pytest.raises(TypeError):
        drawn.generate(REQUESTS, PARAMS)


def test_an_option_that_cannot_be_made_is_told_of_too(caplog: pytest.LogCaptureFixture) -> None:
    made = choice(not_installed, recorded)
    with caplog.at_level(logging.WARNING, logger="whet"):
        for _ in range(2):
            made.engine(policy())
    assert [message.split(" (")[0] for message in caplog.messages] == [
        "sampling goes on with option 1, slower: No module named 'triton'"
    ]


def test_an_idle_engine_is_used_again_for_the_same_model_only() -> None:
    """With its weights in place: no second copy, no new graph."""
    one, made = policy(), choice(recorded)
    engine = made.engine(one)
    made.put_back(engine, PLENTY)
    assert made.engine(one.with_model(one.model, 0.5)) is engine
    made.put_back(engine, PLENTY)
    assert made.engine(policy()) is not engine


def test_an_engine_is_kept_only_where_it_is_a_small_part_of_the_memory() -> None:
    made, one = choice(recorded), policy()
    engine = made.engine(one)
    assert isinstance(engine, GraphedDecoder)
    for free, is_kept in ((engine.bytes / KEPT_SHARE - 8, False), (engine.bytes / KEPT_SHARE, True)):
        made.put_back(engine, int(free))
        assert (made.idle is not None) is is_kept
    made = choice()
    made.put_back(made.engine(one), PLENTY)
    assert made.idle is None, "a plain decoder has nothing that was recorded"


def test_a_gpu_has_a_way_down() -> None:
    assert [option.what for option in ENGINE_OPTIONS["cuda"]] == [
        "Triton's kernels in CUDA graphs",
        "CUDA graphs",
        EAGER.what,
    ]
    assert ENGINE_OPTIONS["cpu"] == (EAGER,)
