"""The whole examination goes on whatever one of its topics does."""

from collections.abc import Iterator

from whet.doctor.examine import whatever_happens
from whet.doctor.finding import Finding


def test_a_topic_that_fails_is_a_finding() -> None:
    def topic() -> Iterator[Finding]:
        yield Finding("machine", "device", "CPU")
        raise ImportError("no torch")

    first, second = whatever_happens("machine", topic)
    assert first.value == "CPU"
    assert (second.state, second.value) == ("fault", "failed with ImportError: no torch")
