"""Code in a response."""

import pytest

from whet.rewards.code import find_code


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
