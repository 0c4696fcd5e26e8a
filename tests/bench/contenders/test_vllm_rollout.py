"""vLLM's worker against a stand-in for vLLM: what it asks for and what it counts."""

import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from benchmarks.contenders import vllm_rollout

GIVEN = {"model": "folder", "rows": [4, 8], "group": 2, "prompt_tokens": 9, "tokens": 3, "repeats": 2}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Calls of `generate`; the stand-in answers with as many tokens as it was asked for."""
    calls: list[Any] = []

    class Engine:
        def __init__(self, model: str, **options: Any) -> None:
            assert (model, options["max_num_seqs"], options["dtype"]) == ("folder", 8, "bfloat16")

        def get_tokenizer(self) -> Any:
            return SimpleNamespace(encode=lambda text: [ord(letter) for letter in text])

        def generate(self, prompts: list[Any], how: Any, use_tqdm: bool) -> list[Any]:
            calls.append((prompts, how))
            answer = SimpleNamespace(token_ids=[0] * length)
            return [SimpleNamespace(outputs=[answer] * how.n) for _ in prompts]

    length = 3
    module = ModuleType("vllm")
    module.LLM = Engine  # type: ignore[attr-defined]
    module.SamplingParams = lambda **options: SimpleNamespace(**options)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", module)
    return calls


def test_rows_repeats_and_prompts(asked: list[Any]) -> None:
    found = vllm_rollout.main(GIVEN)
    assert {rows: len(seconds) for rows, seconds in found["seconds"].items()} == {"4": 2, "8": 2}
    assert [len(prompts) for prompts, _ in asked] == [2, 2, 2, 4, 4, 4]
    texts = [tuple(prompt["prompt_token_ids"]) for prompts, _ in asked for prompt in prompts]
    assert {len(text) for text in texts} == {9}
    (how,) = {(how.n, how.min_tokens, how.max_tokens, how.ignore_eos, how.temperature) for _, how in asked}
    assert how == (2, 3, 3, True, 1.0)


def test_another_length_is_refused(asked: list[Any]) -> None:
    with pytest.raises(SystemExit, match="5 tokens long"):
        vllm_rollout.main({**GIVEN, "tokens": 5})
    assert len(asked) == 1


def test_it_needs_nothing_of_whet() -> None:
    text = Path(str(vllm_rollout.__file__)).read_text("utf-8")
    assert "import whet" not in text
    assert "from whet" not in text
    assert runpy.run_path(str(vllm_rollout.__file__))["SENTENCE"] == vllm_rollout.SENTENCE
