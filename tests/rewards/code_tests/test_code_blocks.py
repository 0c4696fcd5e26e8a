"""Code in a response."""

import pytest

from whet.formats import BUILT_IN, ResponseFormat
from whet.rewards.code_tests.code_blocks import find_code, find_program, same_output


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\nx = 1\n```", "x = 1\n"),
        ("Try:\n\n```py\nx = 1\n```\nor\n```Python3\ny = 2\n\nz = 3\n```\nDone.", "y = 2\n\nz = 3\n"),
        ("```\nx = 1\n```", "x = 1\n"),
        ("~~~python\nx = 1\n~~~", "x = 1\n"),
        ("```python title=a.py\nx = 1\n```", "x = 1\n"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"),
        ("```python\nx = 1\n```\n```bash\nls\n```", "x = 1\n"),
        ("```python\n```", ""),
        ("```bash\nls\n```", None),
        ("```python\nx = 1", None),
        ("x = 1", None),
        ("", None),
    ],
)
def test_the_last_block_in_the_language(text: str, code: str | None) -> None:
    assert find_code(text) == code


def test_another_language() -> None:
    assert find_code("```python\nx\n```\n```js\ny\n```", languages=("js",)) == "y\n"


THINK = BUILT_IN["think_answer"]


@pytest.mark.parametrize(
    ("text", "response_format", "program"),
    [
        ("<think>t</think> <answer>x = 1</answer>", THINK, "x = 1"),
        ("<think>t</think> <answer>\n```python\nx = 1\n```\n</answer>", THINK, "x = 1\n"),
        ("<think>\n```\ny = 2\n```\n</think> <answer>x = 1</answer>", THINK, "x = 1"),
        ("no tags\n```python\nx = 1\n```", THINK, "x = 1\n"),
        ("no tags, no code", THINK, None),
        ("```python\nx = 1\n```", None, "x = 1\n"),
        ("x = 1", None, "x = 1"),
        ("", None, ""),
    ],
)
def test_the_program_of_a_response(text: str, response_format: ResponseFormat | None, program: str | None) -> None:
    assert find_program(text, response_format) == program


@pytest.mark.parametrize(
    ("printed", "expected", "same"),
    [
        ("1\n2\n", "1\n2", True),
        ("1 \n2\t\n\n\n", "1\n2\n", True),
        ("1\r\n2", "1\n2", True),
        ("", "\n", True),
        ("\n1", "1", False),
        (" 1", "1", False),
        ("1  2", "1 2", False),
        ("1", "1.0", False),
        ("1\n2\n3", "1\n2", False),
    ],
)
def test_what_was_printed_is_what_was_expected(printed: str, expected: str, same: bool) -> None:
    assert same_output(printed, expected) is same
