"""The prompts and responses on which an export is compared."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import tiny
from whet.config import FormatConfig
from whet.data.prompts import PromptRenderer
from whet.export.held_out import LONGEST, RESPONSES, held_out_answers, questions
from whet.formats import build_format
from whet.runs.reader import RunReader


def renderer() -> PromptRenderer:
    return PromptRenderer(tiny.tiny_tokenizer(), build_format(FormatConfig(name="plain", system_prompt="")))


def run(*stages: str, count: int = 20) -> Any:
    """Plays a reader of a run with evaluations of these stages."""

    def records(stage: str) -> dict[str, Any]:
        rows = [
            SimpleNamespace(id=f"{i}", question=f"What is {i}?", gold="1", response=f"{stage} {i}")
            for i in range(count)
        ]
        return {row.id: row for row in rows} if stage in stages else {}

    return SimpleNamespace(records=records)


def test_a_runs_own_held_out_problems_and_its_last_responses(tmp_path: Path) -> None:
    decode = tiny.tiny_tokenizer().decode
    found = held_out_answers(run("base", "final"), renderer(), 2)
    assert len(found) == RESPONSES
    assert decode(found[3].prompt) == "<|im_start|>user\nWhat is 3?<|im_end|>\n<|im_start|>assistant\n"
    assert decode(found[3].response) == "final 3<|im_end|>"
    assert decode(held_out_answers(run("base"), renderer(), None)[0].response) == "base 0"
    assert questions(run("sft"))[:4] == ["What is 0?", "sft 0", "What is 1?", "sft 1"]


def test_without_a_run_there_are_sums_with_working() -> None:
    for given in (None, run()):
        found = held_out_answers(given, renderer(), 2)
        assert len(found) == RESPONSES
        assert all(1 < len(answer.response) <= LONGEST for answer in found)
        assert " = " in tiny.tiny_tokenizer().decode(found[0].response)
        assert len({answer.prompt for answer in found}) > RESPONSES / 2


def test_long_responses_are_cut_and_empty_ones_still_end() -> None:
    class Long(SimpleNamespace):
        def records(self, stage: str) -> dict[str, Any]:
            texts = ["a" * 500, ""]
            return {t: SimpleNamespace(id=t, question="q", gold="1", response=t) for t in texts}

    reader: RunReader = Long()  # type: ignore[assignment]
    assert [len(answer.response) for answer in held_out_answers(reader, renderer(), 2)] == [LONGEST, 1]
