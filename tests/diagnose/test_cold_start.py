"""The diagnosis of whole probes, from rollouts to the sentence."""

import json

import pytest

from whet.config import Config
from whet.diagnose.cold_start import Diagnosis, diagnose
from whet.diagnose.evidence import Evidence, RecipeFacts
from whet.diagnose.lengths import LengthReport, measure_lengths
from whet.diagnose.probe import measure_probe
from whet.eval.statistics import wilson
from whet.types import Finish, Group, Problem, Prompt, Reward, Rollout, Verdict

RIGHT = Verdict(correct=True, lenient=True, answer="4", formatted=True)
WRONG = Verdict(correct=False, lenient=False, answer="5", formatted=True)
PROSE = Verdict(correct=False, lenient=False, answer=None, formatted=False)
LUCKY_PROSE = Verdict(correct=False, lenient=True, answer="4", formatted=False)
BARE_RIGHT = Verdict(correct=True, lenient=True, answer="4", formatted=False)

LENGTHS = measure_lengths([40] * 32, [62] * 100, max_tokens=96)


def diagnosed(
    rows: list[list[Verdict]],
    finish: Finish = "stop",
    lengths: LengthReport = LENGTHS,
    solutions: bool = True,
) -> Diagnosis:
    """The diagnosis of these verdicts under a reward of 1 for each right answer, in training groups of 8."""
    groups = [group(row, [finish] * len(row)) for row in rows]
    probe = measure_probe(groups, rows, wilson, group_size=8)
    return diagnose(Evidence(probe, lengths, gold_checked=100, facts=RecipeFacts(solutions)))


def group(row: list[Verdict], finish: list[Finish]) -> Group:
    prompt = Prompt(Problem("p", "2 + 2?", "4"), (), ())
    rollouts = tuple(Rollout((1,) * 30, (-0.5,) * 30, "", end) for end in finish)
    return Group(prompt, rollouts, tuple(Reward(float(verdict.correct)) for verdict in row))


UNTRAINED = [[PROSE] * 4] * 13 + [[LUCKY_PROSE, PROSE, PROSE, LUCKY_PROSE]] * 2 + [[BARE_RIGHT, *[PROSE] * 3]]
"""SmolLM2-135M-Instruct on sums of two-digit numbers: 1 of 64 right, nothing in the format."""

WARM = [[RIGHT, RIGHT, RIGHT, WRONG]] * 10 + [[RIGHT] * 4] * 2 + [[RIGHT, WRONG, WRONG, WRONG]] * 4
"""After the warm start: 42 of 64 right, everything in the format."""


def test_an_untrained_model_is_sent_to_the_warm_start() -> None:
    found = diagnosed(UNTRAINED)
    assert (found.cause, found.warm_start) == ("wrong_format", True)
    assert found.sentence.startswith("0 % of responses keep the format, 7.8 % are right somewhere, 1.6 %")
    assert found.fix.startswith("--sft.when always")


def test_a_warm_started_model_is_ready() -> None:
    found = diagnosed(WARM)
    assert (found.cause, found.warm_start) == ("ready", False)
    assert "42 of 64 responses are right (66 %, 95 % interval " in found.sentence
    assert "100 % keep the format" in found.sentence
    assert found.fix == "nothing to fix"


def test_without_solutions_there_is_no_warm_start() -> None:
    found = diagnosed(UNTRAINED, solutions=False)
    assert (found.cause, found.warm_start) == ("wrong_format", False)
    assert "--sft" not in found.fix


def causes(found: Diagnosis) -> list[str]:
    return [one.cause for one in found.found]


SOME_LONG = measure_lengths([40] * 32, [62] * 974 + [120] * 26, max_tokens=96)


def test_a_warm_start_comes_whatever_else_is_wrong() -> None:
    """A few solutions do not fit and no response keeps the format: both are told, and imitation cures the second."""
    found = diagnosed(UNTRAINED, lengths=SOME_LONG)
    assert (causes(found), found.warm_start) == (["truncated", "wrong_format"], True)
    limit, layout = found.found
    assert limit.sentence.startswith("26 of 1000 gold solutions are longer than 96 tokens")
    assert (limit.warm_start, layout.warm_start) == (False, True)
    # 99 of 100 fit in 120 tokens, which are a multiple of 8 and more than 1.5 · 62
    assert (limit.fix, layout.fix.split(",")[0]) == ("--grpo.sampling.max_tokens 120", "--sft.when always")
    assert found.options == "--grpo.sampling.max_tokens 120 --sft.when always"
    assert not measure_lengths([40], [62] * 974 + [120] * 26, max_tokens=120).truncated, "it truly fixes it"


def test_a_limit_under_every_solution_is_told_first() -> None:
    tight = measure_lengths([40] * 32, [62] * 100, max_tokens=48)
    found = diagnosed(UNTRAINED, "length", tight)
    assert causes(found) == ["truncated", "wrong_format"]
    assert "100 of 100 gold solutions are longer than 48 tokens" in found.sentence
    assert found.fix == "--grpo.sampling.max_tokens 96"  # 1.5 · 62 = 93, on the next multiple of 8


def test_a_model_that_does_not_stop_is_taught_to() -> None:
    found = diagnosed(UNTRAINED, "length")
    assert (causes(found), found.warm_start) == (["truncated", "wrong_format"], True)
    assert found.fix == "--sft.when always, or --grpo.sampling.max_tokens 192"
    assert found.options == "--sft.when always", "what two causes ask for is said once"
    assert "at 96 tokens, where 95 % of gold solutions have at most 62, and none ends" in found.sentence


def test_right_answers_with_room_to_spare_and_then_more_text() -> None:
    """The toy recipe's model: sums whose last number counts, in the layout as all is, nine of ten cut off."""
    rows = [[WRONG] * 4] * 26 + [[RIGHT, WRONG, WRONG, WRONG]] * 6
    finish: list[Finish] = ["stop", "length", "length", "length"]
    groups = [group(row, finish) for row in rows]
    found = diagnose(Evidence(measure_probe(groups, rows, wilson, group_size=8), LENGTHS))
    # 6 of the 32 that end are right: the limit is not what is in the way
    assert (causes(found), found.warm_start) == (["truncated"], True)
    assert "of those that end, 19 % are right" in found.sentence


def test_a_reasoning_model_out_of_room_is_not_taught_to_be_brief() -> None:
    rows = [[RIGHT, WRONG, WRONG, WRONG]] * 16
    groups = [group(row, ["stop", "length", "length", "length"]) for row in rows]
    found = diagnose(Evidence(measure_probe(groups, rows, wilson, group_size=8), LENGTHS))
    assert (causes(found), found.warm_start) == (["truncated"], False)
    assert found.options == "--grpo.sampling.max_tokens 192"


def test_hard_problems_ask_for_easier_ones_or_larger_groups() -> None:
    rows = [[WRONG] * 4] * 31 + [[RIGHT, RIGHT, WRONG, WRONG]]
    found = diagnosed(rows)
    assert (causes(found), found.warm_start) == (["too_hard"], True)
    # 1 − (1 − 1/64)^16 = 22 %, and with 32 it is 40 %
    assert found.fix == "--sft.when always, or --grpo.group_size 32, or easier problems"
    assert diagnosed(rows, solutions=False).options == "--grpo.group_size 32"


def test_easy_problems_ask_for_harder_ones() -> None:
    found = diagnosed([[RIGHT] * 4] * 32)
    assert (causes(found), found.warm_start, found.fix, found.options) == (["too_easy"], False, "harder problems", "")


def test_a_diagnosis_is_json() -> None:
    row = json.loads(json.dumps(diagnosed(UNTRAINED, lengths=SOME_LONG).as_dict()))
    assert {key: row[key] for key in ("cause", "fix", "warm_start", "easier", "options")} == {
        "cause": "truncated",
        "fix": "--grpo.sampling.max_tokens 120",
        "warm_start": True,
        "easier": "anywhere",
        "options": "--grpo.sampling.max_tokens 120 --sft.when always",
    }
    limit, layout = row["found"]
    assert (limit["cause"], limit["fix"], limit["obstacle"]) == ("truncated", row["fix"], True)
    assert layout["fixes"][0] == {"words": "--sft.when always", "settings": {"sft.when": "always"}}


def test_several_causes_are_numbered_lines() -> None:
    found = diagnosed(UNTRAINED, lengths=SOME_LONG)
    assert found.lines() == [
        f"1. {found.sentence} To fix it: {found.fix}",
        f"2. {found.found[1].sentence} To fix it: {found.found[1].fix}",
    ]
    assert diagnosed(WARM).lines() == [diagnosed(WARM).sentence]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("grpo", "sampling", {"max_tokens": 96}),
        ("grpo", "group_size", 32),
        ("sft", "when", "always"),
        ("format", "name", "boxed"),
    ],
)
def test_fixes_name_keys_of_a_recipe(section: str, key: str, value: object) -> None:
    train = {"name": "arithmetic", "params": {"level": 1}}
    Config.model_validate({"model": "m", "data": {"train": train}, section: {key: value}})


HALF_LUCKY = [[LUCKY_PROSE, PROSE, LUCKY_PROSE, PROSE]] * 16
"""Every problem is solved half of the time, never in its place."""


def test_a_layout_that_hides_right_answers_is_offered_an_easier_reward() -> None:
    found = diagnosed(HALF_LUCKY, solutions=False)
    assert (found.cause, found.warm_start, found.easier) == ("wrong_format", False, "anywhere")
    # all problems are alike, ½: 1 − 2 · ½⁸ = 99 %
    assert found.fix.startswith(
        "--check.fix apply (a reward for right answers wherever they stand would differ within 99 % of groups), or "
    )


def test_without_anything_to_tell_apart_no_easier_reward_is_offered() -> None:
    found = diagnosed([[PROSE] * 4] * 16, solutions=False)
    assert (found.cause, found.easier) == ("wrong_format", "")
    assert "--check.fix" not in found.fix


def test_a_model_that_is_ready_needs_none() -> None:
    assert diagnosed(WARM).easier == ""
