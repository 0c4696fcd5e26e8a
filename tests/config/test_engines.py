"""Settings of engines, and those of one that is not picked."""

import pytest
from pydantic import ValidationError

from whet.config import RolloutConfig


def test_by_default_it_is_the_native_engine_with_nothing_set() -> None:
    assert RolloutConfig().model_dump() == {"engine": "auto", "decoding": "auto", "ahead": 0, "vllm": None, "ray": None}


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"engine": "vllm", "decoding": "eager"}, "decoding is eager, but engine is vllm"),
        ({"engine": "native", "vllm": {"rows": 4}}, "vllm has settings, but engine is native"),
        ({"engine": "auto", "ahead": 1}, "ahead is 1, but engine is auto, which samples in the learner's process; set"),
        ({"engine": "ray", "ahead": 2}, "Input should be 0 or 1"),
        ({"engine": "vllm", "ray": {"workers": 2}}, "ray has settings, but engine is vllm"),
        ({"engine": "ray", "ray": {"workers": 0}}, "greater than"),
        ({"engine": "ray", "ray": {"address": "ray://gpu-7:10001"}}, "use local, auto, or HOST:PORT"),
        ({"engine": "ray", "ray": {"gpus": 2}}, "less than or equal to 1"),
        ({"engine": "ray", "ray": {"address": "gpu-7"}}, "use local, auto, or HOST:PORT"),
        ({"engine": "vllm", "vllm": {"rows": 0}}, "greater than"),
        ({"engine": "vllm", "vllm": {"cache_gb": 0}}, "greater than"),
    ],
)
def test_what_no_engine_reads_is_refused(wrong: dict[str, object], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        RolloutConfig.model_validate(wrong)


def test_settings_of_the_engine_that_is_picked_are_taken() -> None:
    found = RolloutConfig.model_validate({"engine": "vllm", "vllm": {"rows": 4, "cache_gb": 2}})
    assert found.vllm
    assert (found.vllm.rows, found.vllm.context, found.vllm.cache_gb, found.vllm.compile) == (4, None, 2.0, "auto")


@pytest.mark.parametrize("address", ["local", "auto", "gpu-7:6379", "10.0.0.7:6379"])
def test_rays_workers_are_two_of_one_core_on_a_cluster_of_any_address(address: str) -> None:
    found = RolloutConfig.model_validate({"engine": "ray", "decoding": "eager", "ray": {"address": address}})
    assert found.ray
    assert found.ray.model_dump() == {"address": address, "workers": 2, "cpus": 1.0, "gpus": None}


def test_a_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as raised:
        RolloutConfig.model_validate({"engine": "ray", "ray": {"address": "redis://:hunter2@gpu-7:6379"}})
    (error,) = raised.value.errors()
    assert "'redis://…@gpu-7:6379'" in error["msg"]
    assert "hunter2" not in error["msg"]
