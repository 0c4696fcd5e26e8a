"""External services used by rewards, opened from a recipe."""

from pathlib import Path
from typing import Any

import pytest

import tiny
from rewards.classifiers import save_classifier
from rewards.llm_judge.judge_server import completion, serving
from rewards.steps import step
from whet.build.services import connect, open_code_tests
from whet.build.task import build_grader
from whet.config.parameters import read_parameters
from whet.errors import UserError
from whet.formats import build_format
from whet.rewards.code_tests.code_tests import CodeTestsParams
from whet.rewards.llm_judge.llm_judge import JudgeParams
from whet.rewards.reward_model import RewardModelParams
from whet.sandbox.backends import BACKENDS
from wiring import shrunk

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def judge_params(address: str, **changes: Any) -> JudgeParams:
    return read_parameters(JudgeParams, {"endpoint": address, "model": "m", **changes}, "rewards.0.params", "judge")


def mixture(tmp_path: Path, **params: Any) -> Any:
    name = "judge" if "endpoint" in params else "reward_model"
    config = shrunk(tmp_path, tmp_path, {"rewards": [{"name": name, "params": params}]})
    return build_grader(config, build_format(config.format))


def test_a_recipe_with_a_judge_asks_its_endpoint_with_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", f" {KEY}\n")
    with serving(lambda _, request: completion("Score: 9" if "it is 82" in request.asked else "Score: 2")) as server:
        graded = [
            mixture(
                tmp_path,
                endpoint=server.address,
                model="m",
                key_env="MY_KEY",
                options={"seed": 1, "temperature": None, "max_tokens": 77},
            ).grade(*step(one=["it is 82", "it is 83"]))
            for _ in range(2)
        ]
    for one in graded:
        (group,) = one.groups
        assert [reward.total for reward in group.rewards] == pytest.approx([0.9, 0.2])
    assert len(server.requests) == 2  # the second time both were kept
    settings = {name: value for name, value in server.requests[0].body.items() if name != "messages"}
    assert settings == {"model": "m", "max_tokens": 77, "seed": 1}
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "Reference answer:\n82" in server.requests[0].asked
    assert (tmp_path / "cache" / "judge.sqlite").is_file()


def test_nothing_is_kept_where_that_is_not_wanted(tmp_path: Path) -> None:
    with serving(lambda *_: completion("Score: 9")) as server:
        for _ in range(2):
            graded = mixture(tmp_path, endpoint=server.address, model="m", key_env=None, cache=False)
            graded.grade(*step(one=["a"]))
    assert len(server.requests) == 2
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_key_that_is_not_there(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is not None:
        monkeypatch.setenv("OPENAI_API_KEY", value)
    with pytest.raises(UserError, match=r"key_env of 'judge' is 'OPENAI_API_KEY': .* or write `key_env: null`"):
        connect(judge_params("http://localhost:1/v1"))


def test_a_reward_model_scores_in_a_recipe(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "classifier")
    (group,) = mixture(tmp_path, model=str(folder), dtype="float32").grade(*step(one=["82", "I do not know."])).groups
    good, bad = (reward.total for reward in group.rewards)
    assert good is not None
    assert good != bad


@pytest.mark.parametrize("name", ["no/such/model/anywhere", "{policy}"])
def test_a_reward_model_that_is_none(tmp_path: Path, name: str) -> None:
    path = tiny.save_tiny(tmp_path / "policy")
    params = read_parameters(RewardModelParams, {"model": name.format(policy=path)}, "rewards.0.params", "reward_model")
    with pytest.raises(UserError, match=r"^rewards\.params\.model of 'reward_model': ") as caught:
        connect(params)
    assert "\n" not in str(caught.value)


def code_params(**params: Any) -> CodeTestsParams:
    return read_parameters(CodeTestsParams, params, "rewards.0.params", "code_tests")


def test_programs_are_run_in_the_sandbox_that_was_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    strong = next(backend for backend in BACKENDS if not backend.weakness)
    monkeypatch.setattr("whet.sandbox.pick.pick", lambda unsafe: strong)
    run: Any = connect(code_params(timeout=2, memory=300, fraction=True))
    assert (run.sandbox.backend, run.sandbox.timeout, run.sandbox.memory, run.stop) == (strong, 2, 300, False)
    assert connect(code_params()).stop is True  # type: ignore[attr-defined]


def test_a_weak_sandbox_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    weak = next(backend for backend in BACKENDS if backend.weakness)
    picked: list[bool] = []
    monkeypatch.setattr("whet.sandbox.pick.pick", lambda unsafe: picked.append(unsafe) or weak)
    connect(code_params(unsafe=True))
    assert picked == [True]
    assert f"the sandbox is only {weak.name!r}: {weak.weakness}" in caplog.text
    caplog.clear()
    open_code_tests(code_params(unsafe=True), aloud=False)
    assert caplog.text == ""


def test_no_sandbox_no_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = tuple(backend for backend in BACKENDS if backend.weakness)
    monkeypatch.setattr("whet.sandbox.pick.BACKENDS", weak)
    with pytest.raises(UserError, match="rewards has 'code_tests': no sandbox works here"):
        connect(code_params())
