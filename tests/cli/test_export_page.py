"""What `whet export` prints."""

from pathlib import Path

import pytest
from rich.console import Console

from whet.cli.export_page import COMMANDS, export_page
from whet.export.bounds import HALF
from whet.export.difference import Difference
from whet.export.exporting import Exported
from whet.export.kinds import ADAPTER, KINDS


def page(kind: str, path: str = "my model.gguf", width: int = 100) -> str:
    found = Difference(0.0061, 9.1e-6, 0.9987, 812)
    done = Exported("Mine", Path(path), kind, "f16", 271_000_000, found, HALF, 1000, "Think.", 12.3)
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as capture:
        console.print(export_page(done))
    return capture.get()


def test_the_figures_stand_beside_their_bounds() -> None:
    text = page("gguf")
    assert "gguf, f16, 271 MB, 12 s" in text
    assert "0.0061" in text
    assert "at most 0.2 nats, over 812 response tokens" in text
    assert "9.1e-06" in text
    assert "99.9 %" in text
    assert "1000 of 1000" in text
    assert "llama-server -m 'my model.gguf' --jinja --reasoning-format none" in text
    assert "'my model-Q4_K_M.gguf' Q4_K_M" in text


@pytest.mark.parametrize("kind", [*KINDS, ADAPTER.name])
def test_every_kind_says_what_runs_it(kind: str) -> None:
    assert COMMANDS.keys() == {*KINDS, ADAPTER.name}
    text = page(kind, "out")
    assert "Use it with" in text
    assert "out" in text.partition("Use it with")[2]
    assert ("which the Modelfile sets" in text) is (kind == "ollama")


def test_it_fits_a_narrow_terminal() -> None:
    assert max(map(len, page("gguf", "out.gguf", 80).splitlines())) <= 80
