"""Answers that several tabs share."""

import threading
from pathlib import Path

import pytest

from page_runs import lines, metrics_line, page_run
from whet.dashboard import answer_cache
from whet.dashboard.answer_cache import AnswerCache


class Maker:
    """Makes answers, and counts."""

    def __init__(self, size: int = 1) -> None:
        self.made, self.size = 0, size

    def __call__(self) -> bytes:
        self.made += 1
        return f"{self.made}".encode() * self.size


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return page_run(tmp_path / "r")


def test_an_answer_is_worked_out_once(run: Path) -> None:
    cache, maker = AnswerCache(), Maker()
    assert [cache.get("q", run, maker) for _ in range(3)] == [b"1"] * 3
    assert cache.get("other", run, maker) == b"2"


@pytest.mark.parametrize("name", ["metrics.jsonl", "timings.jsonl", "health.jsonl", "train.log", "owner.json"])
def test_a_file_that_changes_makes_it_stale(run: Path, name: str) -> None:
    cache, maker = AnswerCache(), Maker()
    cache.get("q", run, maker)
    with (run / name).open("a") as file:
        file.write(lines([metrics_line(3)]))
    assert cache.get("q", run, maker) == b"2"


def test_a_new_step_or_evaluation_makes_it_stale(run: Path) -> None:
    cache, maker = AnswerCache(), Maker()
    for number, place in enumerate(("rollouts/step-000009.jsonl", "eval/step-000002.json"), 1):
        assert cache.get("q", run, maker) == str(number).encode()
        (run / place).write_text("{}")
    assert cache.get("q", run, maker) == b"3"


def test_it_does_not_last_long(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_cache, "SECONDS", 0.0)
    cache, maker = AnswerCache(), Maker()
    assert [cache.get("q", run, maker) for _ in range(2)] == [b"1", b"2"]


def test_memory_is_bounded(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_cache, "MOST", 2)
    monkeypatch.setattr(answer_cache, "LARGEST", 10)
    cache, maker, large = AnswerCache(), Maker(), Maker(11)
    for question in "abc" * 9:
        cache.get(question, run, maker)
    assert len(cache._kept) == 2
    for number in range(20):
        cache.get(str(number), run, maker)
    assert len(cache._working) <= 9
    assert [cache.get("large", run, large)[:1] for _ in range(2)] == [b"1", b"2"]


def test_many_that_ask_at_once_wait_for_one(run: Path) -> None:
    cache, maker, inside = AnswerCache(), Maker(), threading.Event()
    answers: list[bytes] = []

    def slow() -> bytes:
        inside.wait(10)
        return maker()

    threads = [threading.Thread(target=lambda: answers.append(cache.get("q", run, slow))) for _ in range(8)]
    for thread in threads:
        thread.start()
    inside.set()
    for thread in threads:
        thread.join()
    assert answers == [b"1"] * 8


def test_an_error_is_not_kept(run: Path) -> None:
    cache = AnswerCache()

    def broken() -> bytes:
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):
            cache.get("q", run, broken)
    assert cache.get("q", run, Maker()) == b"1"
