"""Each sign in a run's steps, with figures by hand."""

from collections.abc import Sequence

import pytest

from whet.diagnose import step_signals
from whet.diagnose.history import History


def history(**series: Sequence[float]) -> History:
    """A history by figure; a double underscore stands for a slash."""
    made = History(("accuracy",))
    for values in zip(*series.values(), strict=True):
        made.add({name.replace("__", "/"): value for name, value in zip(series, values, strict=True)})
    return made


RIGHT = "rewards__accuracy__mean"


def test_entropy_lost_since_the_start() -> None:
    reading = step_signals.entropy_lost(history(entropy=[0.5] * 10 + [0.05] * 10))
    assert reading is not None
    assert reading.figure == pytest.approx(0.9)
    assert not reading.suppressed
    assert dict(reading.words) == {"before": "0.5", "now": "0.05"}


def test_where_all_is_solved_there_is_nothing_to_try() -> None:
    levels = [0.5] * 10 + [0.05] * 10
    solved = step_signals.entropy_lost(history(entropy=levels, **{RIGHT: [0.9] * 20}))
    halfway = step_signals.entropy_lost(history(entropy=levels, **{RIGHT: [0.5] * 20}))
    assert solved is not None
    assert halfway is not None
    assert (solved.suppressed, halfway.suppressed) == (True, False)


def test_a_run_that_began_without_entropy_has_none_to_lose() -> None:
    assert step_signals.entropy_lost(history(entropy=[0.0] * 20)) is None


def test_divergence_is_that_of_the_latest_three_steps() -> None:
    reading = step_signals.divergence(history(kl=[9.0, 9.0, 0.1, 0.3, 6.0]))
    assert reading is not None
    assert reading.figure == pytest.approx(0.3)
    assert step_signals.divergence(history(reward=[1.0] * 5)) is None, "without a reference it is not measured"


def test_length_is_held_against_what_it_earns() -> None:
    lengths = [100.0] * 20 + [200.0] * 20
    unpaid = step_signals.lengthening(history(completions__mean_length=lengths, reward=[0.5] * 40))
    paid = step_signals.lengthening(
        history(completions__mean_length=lengths, reward=[0.3] * 20 + [0.6] * 20),
    )
    assert unpaid is not None
    assert paid is not None
    assert (unpaid.figure, paid.figure) == (2.0, 1.0)


def test_what_a_response_earns_is_being_right_where_that_is_rewarded() -> None:
    reading = step_signals.lengthening(
        history(
            **{
                "completions__mean_length": [100.0] * 20 + [180.0] * 20,
                "reward": [0.3] * 20 + [0.6] * 20,
                RIGHT: [0.3] * 40,
            }
        )
    )
    assert reading is not None
    assert reading.figure == pytest.approx(1.8)


def test_shares_are_those_of_the_latest_steps() -> None:
    cut = step_signals.truncated(history(completions__clipped_ratio=[0.0] * 5 + [0.2, 0.3, 0.4, 0.5, 0.6]))
    silent = step_signals.without_signal(history(frac_reward_zero_std=[0.0] * 9 + [1.0] * 10, reward=[0.25] * 19))
    assert cut is not None
    assert silent is not None
    assert (cut.figure, silent.figure) == (pytest.approx(0.4), 1.0)
    assert dict(silent.words) == {"reward": "0.25"}
    assert step_signals.without_signal(history(frac_reward_zero_std=[1.0] * 4)) is None, "four steps are too few"


def test_a_jump_is_measured_by_the_norms_before() -> None:
    reading = step_signals.gradient_jump(history(grad_norm=[1.0, 2.0, 3.0, 2.0, 0.0, 2.0, 14.0]))
    assert reading is not None
    assert reading.figure == 7.0
    assert not reading.suppressed
    assert step_signals.gradient_jump(history(grad_norm=[1.0, 1.0, 1.0, 1.0, 9.0])) is None, "four norms are too few"
    assert step_signals.gradient_jump(history(grad_norm=[1.0] * 9 + [0.0])) is None, "no signal, no gradient"


def test_a_run_that_starts_without_signal_has_no_first_norms() -> None:
    reading = step_signals.gradient_jump(history(grad_norm=[0.0] * 30 + [1.0] * 6 + [8.0]))
    assert reading is not None
    assert (reading.figure, reading.suppressed) == (8.0, False)


def test_norms_no_larger_than_at_first_are_no_jump() -> None:
    reading = step_signals.gradient_jump(history(grad_norm=[2.0] * 20 + [0.01] * 20 + [1.5]))
    assert reading is not None
    assert reading.figure == pytest.approx(150.0)
    assert reading.suppressed


def test_steps_that_learned_nothing_say_nothing_about_the_sampler() -> None:
    name = "sampler__logprob_difference_mean"
    reading = step_signals.sampler_drift(history(**{name: [0.1, 0.0, 0.2, 0.0, 0.3]}))
    assert reading is not None
    assert reading.figure == pytest.approx(0.2)
    assert step_signals.sampler_drift(history(**{name: [0.1, 0.0, 0.2, 0.0, 0.0]})) is None


def test_tokens_that_were_sampled_ahead_say_nothing_about_the_sampler() -> None:
    """Theirs is an older policy, so log-probabilities differ by a whole update."""
    gaps = {"sampler__logprob_difference_mean": [0.2] * 5}
    assert step_signals.sampler_drift(history(**gaps, sampler__staleness=[0.0] * 5)) is not None
    assert step_signals.sampler_drift(history(**gaps, sampler__staleness=[0.0, 1.0, 1.0, 1.0, 1.0])) is None


def test_an_empty_history_shows_no_signs() -> None:
    measures = (
        step_signals.entropy_lost,
        step_signals.divergence,
        step_signals.lengthening,
        step_signals.truncated,
        step_signals.without_signal,
        step_signals.gradient_jump,
        step_signals.sampler_drift,
    )
    assert [measure(History()) for measure in measures] == [None] * len(measures)
