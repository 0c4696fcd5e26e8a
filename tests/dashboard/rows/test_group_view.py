"""One group with its tokens; one rollout."""

from pathlib import Path

import pytest

import tiny
from page_runs import page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.group_view import group_view, rollout_view
from whet.dashboard.rows.missing import MissingError


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    folder = page_run(tmp_path / "r")
    (folder / "final").mkdir()
    tiny.tiny_tokenizer().save_pretrained(folder / "final")
    return OpenRun(folder)


def test_completions_are_whole_and_their_tokens_spelled(run: OpenRun) -> None:
    found = group_view(run, 1, 0)
    assert (found["problem"], found["gold"], found["tokenizer"]) == ("p-1", "42", None)
    assert [card["text"] for card in found["samples"]][:2] == ["<think>so</think> <answer>42</answer>"] * 2
    tokens = found["samples"][1]["tokens_of"]
    assert tokens["ids"] == [11, 12, 13]
    assert tokens["texts"] == [tiny.VOCABULARY[id] for id in (11, 12, 13)]
    assert tokens["logprobs"] == [-0.25, -0.75, -0.5]


def test_tokens_may_be_left_out(run: OpenRun) -> None:
    assert "tokens_of" not in group_view(run, 1, 0, tokens=False)["samples"][0]


def test_the_visits_before_and_after_are_those_of_the_problem(run: OpenRun) -> None:
    assert group_view(run, 1, 0)["previous"] is None
    run.index.build()
    found = group_view(run, 1, 0)  # p-1 is group 1 of steps 0, 2, 3 and group 0 of step 1
    assert found["previous"] == {"step": 0, "group": 1}
    assert found["next"] == {"step": 2, "group": 1}
    assert group_view(run, 3, 1)["next"] is None


def test_one_rollout_with_its_siblings(run: OpenRun) -> None:
    found = rollout_view(run, 3, 1, 3)
    assert (found["sample"], found["finish"], found["text"]) == (3, "length", "<think>I go on")
    assert [one["correct"] for one in found["siblings"]] == [True, False, False, False]
    assert {one["text"] for one in found["siblings"]} == {""}


@pytest.mark.parametrize(
    ("group", "sample", "words"), [(5, 0, "groups 0 to 1, not 5"), (0, 9, "samples 0 to 3, not 9")]
)
def test_what_is_not_there_says_what_is(run: OpenRun, group: int, sample: int, words: str) -> None:
    with pytest.raises(MissingError, match=words):
        rollout_view(run, 0, group, sample)


def test_without_a_tokenizer_it_says_so(tmp_path: Path) -> None:
    found = group_view(OpenRun(page_run(tmp_path / "r")), 0, 0)
    assert "tokenizer of tiny is not on this machine" in found["tokenizer"]
    assert found["samples"][0]["tokens_of"]["texts"] is None
