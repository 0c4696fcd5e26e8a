"""What the page tells a program."""

import ast
from pathlib import Path

from page_runs import page_run
from whet.dashboard.open_run import open_run
from whet.dashboard.use_from_program import use_from_program


def test_address_key_models_and_lines_that_hold_them(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "a")
    (folder / "final").mkdir()
    found = use_from_program(open_run(folder), "http://127.0.0.1:9000/v1", 'the "key"')
    assert (found["address"], found["key"]) == ("http://127.0.0.1:9000/v1", 'the "key"')
    assert found["models"] == ["a", "a:base"]
    texts = {node.value for node in ast.walk(ast.parse(found["python"])) if isinstance(node, ast.Constant)}
    assert {"http://127.0.0.1:9000/v1", 'the "key"', "a"} <= texts


def test_a_run_that_has_not_ended_offers_its_base(tmp_path: Path) -> None:
    found = use_from_program(open_run(page_run(tmp_path / "a")), "http://localhost/v1", "k")
    assert found["models"] == ["a:base"]
    assert 'model="a:base"' in found["python"]
