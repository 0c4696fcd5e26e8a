"""Programs that Whet starts do not take files of the working folder for libraries."""

import ast

from house.source import modules


def test_every_python_that_is_started_leaves_out_its_folder() -> None:
    """`-P` first: else `whet.py` or `random.py` beside a run is called in the place of the module."""
    commands = [
        (source.name, node)
        for source in modules()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.List | ast.Tuple) and node.elts and ast.unparse(node.elts[0]) == "sys.executable"
    ]
    assert len(commands) >= 8
    plain = [f"{name}:{node.lineno}" for name, node in commands if ast.unparse(node.elts[1]) != "'-P'"]
    assert plain == []
