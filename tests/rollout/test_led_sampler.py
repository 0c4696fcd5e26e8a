"""An engine that process 0 asks for all."""

from typing import Any

import pytest

from ranks_in_threads import in_threads
from rollout.test_shared_sampler import REQUESTS, Echo
from whet.rollout.led_sampler import LedSampler
from whet.types import SamplingParams, Token


@pytest.mark.parametrize("count", [1, 3])
def test_process_0_asks_and_all_have_the_answers(count: int) -> None:
    engines = [Echo() for _ in range(count)]

    def used(processes: Any) -> tuple[Any, list[Token]]:
        sampler = LedSampler(engines[processes.rank], processes)
        sampler.load(None)
        found = sampler.generate(REQUESTS, SamplingParams())
        streamed = list(sampler.stream(REQUESTS[3], SamplingParams()))
        sampler.release()
        return found, streamed

    expected = Echo().generate(REQUESTS, SamplingParams()), [Token(3, -0.5, "stop")]
    assert in_threads(count, used) == [expected] * count
    assert [engine.asked for engine in engines] == [REQUESTS] + [[]] * (count - 1)
    assert [engine.calls[0] for engine in engines] == ["load"] + ["release"] * (count - 1)
