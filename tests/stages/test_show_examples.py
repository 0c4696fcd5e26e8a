"""What the model reads and learns, token by token."""

import json
from pathlib import Path

import tiny
from whet.stages.show_examples import ShownTokens, show_examples
from wiring import shrunk


def test_prompts_of_the_first_step_with_their_targets(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"data.train": {"name": "arithmetic", "params": {"level": 1}}})
    first, second = show_examples(config, 2)
    assert first.problem != second.problem
    assert first.prompt.text.startswith("<|im_start|>system\nReply as <think>")
    assert first.prompt.text.endswith("<|im_start|>assistant\n")
    assert first.target is not None
    assert first.target.text.startswith("<think>")
    assert first.target.text.endswith("</answer><|im_end|>")
    assert first.target.ids[-1] == tiny.VOCABULARY.index(tiny.END)
    shown = json.loads(json.dumps(first.as_dict()))
    assert "".join(shown["target"]["tokens"]) == shown["target"]["text"] == first.target.text


def test_without_a_solution_there_is_no_target(tiny_folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"question": f"{n} + 1?", "answer": str(n + 1)}) + "\n" for n in range(9)))
    worked = tmp_path / "worked.jsonl"
    lines = [{"question": f"{n} + 2?", "answer": str(n + 2), "solution": f"{n} and 2"} for n in range(3)]
    worked.write_text("".join(json.dumps(line) + "\n" for line in lines))
    source = {"name": str(rows), "params": {"hold_out": 0.3}}
    config = shrunk(tiny_folder, tmp_path, {"data.train": source, "sft.data": {"name": str(worked)}})
    one, other = show_examples(config, 1)
    assert one.target is None
    assert one.as_dict()["target"] is None
    assert other.target is not None
    assert " and 2</think>" in other.target.text


def test_a_letter_of_several_tokens_is_whole() -> None:
    tokens = [tiny.VOCABULARY.index("a"), tiny.VOCABULARY.index(tiny.END)]
    shown = ShownTokens.of(tiny.tiny_tokenizer(), tokens)
    assert (shown.texts, shown.text) == (("a", "<|im_end|>"), "a<|im_end|>")
