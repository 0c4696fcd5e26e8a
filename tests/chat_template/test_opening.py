"""What a generation prompt already writes of the response."""

import pytest

from whet.chat_template.opening import empty_block, unclosed, unclosed_reasoning


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("<|Assistant|><think>\n", "<think>\n"),
        ("assistant\n<think>", "<think>"),
        ("assistant\n<think>\nOkay, ", "<think>\nOkay, "),
        ("assistant\n<think>\n\n</think>\n\n", ""),
        ("<think></think><think>", "<think>"),
        ("assistant\n<thinking>\n", "<thinking>\n"),
        ("[INST]1?[/INST][THINK]\n", "[THINK]\n"),
        ("[INST]1?[/INST][THINK]a[/THINK]", ""),
        ("assistant\n<|begin_of_thought|>\n", "<|begin_of_thought|>\n"),
        ("<seed:bos>assistant\n<seed:think>", "<seed:think>"),
        ("<start_of_turn>model\n", ""),
        ("", ""),
    ],
)
def test_an_open_tag_and_what_follows_it(text: str, opened: str) -> None:
    assert unclosed_reasoning(text) == opened


def test_a_tag_of_the_layout_by_itself() -> None:
    assert unclosed("assistant\n<plan>\n", "plan") == "<plan>\n"
    assert unclosed("assistant\n<think>\n", "plan") == unclosed("<plan></plan>\n", "plan") == ""


def test_only_an_empty_block_at_the_end_counts() -> None:
    assert empty_block("assistant\n<think>\n\n</think>\n\n") == "think"
    assert empty_block("assistant\n<reasoning></reasoning>") == "reasoning"
    assert empty_block("<think></think>assistant\n") == ""
    assert empty_block("<think>4</think>\n") == ""
