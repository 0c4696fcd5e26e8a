"""Fixes are settings that fix what they are offered for, and are offered only where they can."""

import shlex
from dataclasses import replace
from typing import Any

import pytest

from probes import COLD, HEALTHY
from whet.config import Config
from whet.diagnose.evidence import Evidence, RecipeFacts
from whet.diagnose.fixes import FIXES, Fix, fixes_of, option
from whet.diagnose.lengths import LengthReport, measure_lengths
from whet.recipe import make_recipe

LENGTHS = measure_lengths([30, 40], [60] * 100, max_tokens=64)


def one(name: str, facts: RecipeFacts | None = None, probe: Any = COLD, lengths: LengthReport = LENGTHS) -> Fix | None:
    return FIXES[name](Evidence(probe, lengths, facts=facts or RecipeFacts()))


def words(name: str, **facts: Any) -> str:
    fix = one(name, RecipeFacts(**facts))
    return fix.words if fix else ""


@pytest.mark.parametrize(
    ("lengths", "room"),
    [
        (measure_lengths([9], [60] * 10, 64), "128"),  # they fit: twice as many
        (measure_lengths([9], [100] * 10, 64), "152"),  # 1.5 · 100, on the next multiple of 8
        (measure_lengths([9], [], 64), "128"),
        (measure_lengths([9, 30], [100] * 10, 64, context=150), "120"),  # 150 less the longest prompt
    ],
)
def test_room_to_try(lengths: LengthReport, room: str) -> None:
    fix = one("room", lengths=lengths)
    assert fix is not None
    assert fix.settings == {"grpo.sampling.max_tokens": room}


def test_where_the_context_is_full_a_larger_limit_is_not_offered() -> None:
    fix = one("room", lengths=measure_lengths([9, 30], [100] * 10, 64, context=90))
    assert fix == Fix("a model with a longer context, or shorter problems")


def test_a_warm_start_needs_solutions() -> None:
    assert words("warm_start") == "--sft.when always"
    assert words("warm_start", solutions=False) == ""


def test_groups_grow_to_where_they_differ() -> None:
    assert one("double_groups") == Fix.setting("grpo.group_size", 16)
    # 1 − (127/128)^64 = 39 %, and with 32 it is 22 %
    assert one("larger_groups") == Fix.setting("grpo.group_size", 64)
    assert one("larger_groups", probe=replace(COLD, pass_at_1=0.0)) is None


def test_an_easier_reward_is_offered_with_what_it_brings() -> None:
    fix = one("easier_reward", probe=replace(COLD, found=0.4))
    assert fix is not None
    assert fix.settings == {"check.fix": "apply"}
    assert fix.words == (
        "--check.fix apply (a reward for right answers wherever they stand would differ within 40 % of groups)"
    )
    assert one("easier_reward", probe=HEALTHY) is None


def test_levels_are_offered_as_far_as_there_are_some() -> None:
    facts = {"level": 2, "levels": (1, 2)}
    assert words("easier_problems", **facts) == "--data.train.params.level 1"
    assert words("harder_problems", **facts) == "harder problems"
    assert words("easier_problems") == "easier problems"


def test_a_format_is_not_offered_to_itself() -> None:
    assert words("boxed", format="think_answer") == "--format.name boxed"
    assert words("boxed", format="boxed") == ""


def test_accuracy_joins_the_rewards_there_are() -> None:
    assert words("accuracy", with_accuracy='["integer", "accuracy"]') == """--rewards '["integer", "accuracy"]'"""
    assert words("accuracy") == ""


FACTS = RecipeFacts(level=2, levels=(1, 2, 3), with_accuracy='["integer", "accuracy"]')


@pytest.mark.parametrize("name", FIXES)
def test_every_setting_is_one_of_a_recipe(name: str) -> None:
    fix = one(name, FACTS, replace(COLD, found=0.5))
    assert fix is not None
    tree = {"model": "m", "data": {"train": {"name": "arithmetic"}}}
    assert isinstance(make_recipe(tree, list(fix.settings.items())), Config)
    assert all(fix.words.startswith(option(key, value)) for key, value in fix.settings.items())


def test_a_shell_reads_an_option_as_it_was_meant() -> None:
    assert shlex.split(option("rewards", '[{"name": "a b"}]')) == ["--rewards", '[{"name": "a b"}]']


def test_only_fixes_that_help_are_named_in_their_order() -> None:
    evidence = Evidence(COLD, LENGTHS, facts=RecipeFacts(solutions=False))
    assert [fix.words for fix in fixes_of(["warm_start", "room", "boxed"], evidence)] == [
        "--grpo.sampling.max_tokens 128",
        "--format.name boxed",
    ]
