"""The rows that `whet check` shows."""

from whet.data.as_read import as_read
from whet.data.mixed import Mixture
from whet.types import Problem

TAKEN = {"question": "body + question", "answer": "response", "solution": "response"}


def test_three_rows_of_each_source_in_eighty_columns() -> None:
    long = "word " * 60
    table = [Problem(f"a:{n}", f"{long} end{n}", str(n), long, "a", row=n + 2, taken=TAKEN) for n in range(5)]
    lines = list(as_read(Mixture((table, [Problem("b", "1?", "1")]), (1.0, 1.0))))
    assert lines[0] == "a: question from body + question, answer from response, solution from response"
    heads = [line[:10].strip() for line in lines[1:10]]
    assert heads[:6] == ["row 2", "gold", "solution", "row 3", "gold", "solution"]
    assert heads[6:] == ["row 4", "gold", "solution"]
    assert lines[1].endswith("end0")
    assert lines[10:] == ["data: the first 3 problems", "  row 1     1?", "  gold      1"]
    assert max(map(len, lines[1:])) <= 80
