"""Asks a run's held-out problems in other programs: `python -m benchmarks.other_programs RUN`.

The run is exported first (`whet export`); each program answers greedily, from the messages that Whet would send, and
its answers are graded as the run's own were. A line per program: right of how many, and whether the share lies within
the 95 % interval that the run reports.
"""

import argparse
import atexit
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from whet.build.answer_checker import build_answer_checker
from whet.data.prompts import PromptRenderer
from whet.export.exporting import export
from whet.export.subject import Subject, find_subject
from whet.stages.run_result import FINAL
from whet.types import Problem

Answer = Callable[[Problem], str]
"""Returns a program's response to a problem."""


def llama_cpp(subject: Subject, work: Path) -> Answer:
    """llama.cpp's server, from GGUF, with the chat template that stands in the file."""
    import torch
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(exported(subject, work / "model.gguf"))
    params.n_ctx, params.n_parallel, params.warmup, params.use_jinja = 1024, 1, False, True
    params.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = torch.get_num_threads()
    server = xllamacpp.Server(params)

    def answer(problem: Problem) -> str:
        turns = [dict(turn) for turn in subject.renderer.messages(problem.question)]
        reply = server.handle_chat_completions({"messages": turns, "max_tokens": limit(subject), "temperature": 0})
        return str(reply["choices"][0]["message"]["content"])

    return answer


def gguf_reader(subject: Subject, work: Path) -> Answer:
    """transformers, from GGUF, with the pre-tokenizer that its reader drops put back as Whet does."""
    import torch

    from whet.models.load import load_model

    loaded = load_model(str(exported(subject, work / "model.gguf")), torch.float32)
    renderer = PromptRenderer(loaded.tokenizer, subject.response_format, subject.renderer.question_template)

    def answer(problem: Problem) -> str:
        prompt = torch.tensor([renderer.render(problem).tokens])
        with torch.no_grad():
            out = loaded.model.generate(prompt, max_new_tokens=limit(subject), do_sample=False)[0]
        return text_of(loaded.tokenizer, out[prompt.shape[1] :].tolist())

    return answer


def mlx(subject: Subject, work: Path) -> Answer:
    """mlx-lm, from the folder."""
    from mlx_lm import generate, load

    model, tokenizer = load(str(exported(subject, work / "folder")))

    def answer(problem: Problem) -> str:
        prompt = list(subject.renderer.render(problem).tokens)
        return str(generate(model, tokenizer, prompt, max_tokens=limit(subject)))

    return answer


def served(subject: Subject, work: Path) -> Answer:
    """`whet serve` of the run, asked by the `openai` client; the system prompt is the server's to add."""
    from openai import OpenAI

    assert subject.address is not None  # of a run
    command = [sys.executable, "-m", "whet", "serve", str(subject.address.path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    atexit.register(server.terminate)
    assert server.stdout is not None
    lines = (re.search(r"http://[\w.:]+/v1", line) for line in server.stdout)
    client = OpenAI(base_url=next(found[0] for found in lines if found), api_key="none")
    model = client.models.list().data[0].id

    def answer(problem: Problem) -> str:
        turns: Any = [turn for turn in subject.renderer.messages(problem.question) if turn["role"] != "system"]
        options: Any = {"model": model, "max_tokens": limit(subject), "temperature": 0}
        reply = client.chat.completions.create(messages=turns, **options)
        return str(reply.choices[0].message.content)

    return answer


PROGRAMS: Mapping[str, Callable[[Subject, Path], Answer]] = {
    "llama.cpp": llama_cpp,
    "gguf-reader": gguf_reader,
    "openai": served,
    "mlx-lm": mlx,
}


@dataclass(frozen=True, slots=True)
class Answered:
    """How a program did on a run's held-out problems."""

    program: str
    right: int
    same: int
    """How many responses are the run's own, word for word."""
    problems: int
    interval: tuple[float, float]
    """Of the run's accuracy, 95 %."""

    @property
    def within(self) -> bool:
        """Whether the accuracy lies within the run's interval."""
        return self.interval[0] <= self.right / self.problems <= self.interval[1]

    def __str__(self) -> str:
        low, high = (100 * end for end in self.interval)
        share = f"{100 * self.right / self.problems:.1f} % ({self.right} of {self.problems})"
        place = f"{'within' if self.within else 'OUTSIDE'} the run's [{low:.1f}, {high:.1f}]"
        return f"{self.program}: {share}, {place}; {self.same} responses word for word the run's"


def exported(subject: Subject, path: Path) -> Path:
    """Exports the subject to `path` unless it is there already."""
    assert subject.address is not None  # of a run
    if not path.exists():
        export(str(subject.address), path, log=print)
    return path


def limit(subject: Subject) -> int:
    """Returns the run's limit of response tokens in an evaluation."""
    assert subject.config is not None  # of a run
    return subject.config.eval.max_tokens or subject.config.grpo.sampling.max_tokens


def text_of(tokenizer: Any, tokens: Sequence[int]) -> str:
    """Decodes a response up to its end token, tags kept."""
    ends = [place for place, token in enumerate(tokens) if token == tokenizer.eos_token_id]
    return str(tokenizer.decode(tokens[: ends[0]] if ends else tokens, skip_special_tokens=False))


def ask(program: str, answer: Answer, subject: Subject, stage: str = FINAL, most: int | None = None) -> Answered:
    """Asks the held-out problems of the run's evaluation `stage`, `most` at most, and grades the answers."""
    assert subject.run is not None  # of a run
    check = build_answer_checker(subject.response_format)
    records = list(subject.run.records(stage).values())[:most]
    problems = [Problem(record.id, record.question, record.gold) for record in records]
    texts = [subject.renderer.opening + answer(problem) for problem in problems]
    right = sum(check(text, problem).correct for text, problem in zip(texts, problems, strict=True))
    same = sum(text == record.response for text, record in zip(texts, records, strict=True))
    low, high = subject.run.evaluations()[stage]["accuracy_interval"]
    return Answered(program, right, same, len(records), (low, high))


def answered(run: str, programs: Sequence[str], stage: str, most: int | None, work: Path) -> Iterator[Answered]:
    """Yields how each program did; the exports are kept in `work`, and taken from there."""
    subject = find_subject(run, print)
    for program in programs:
        yield ask(program, PROGRAMS[program](subject, work), subject, stage, most)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", help="a run, or RUN:step-N")
    parser.add_argument("--programs", nargs="+", default=list(PROGRAMS), choices=list(PROGRAMS))
    parser.add_argument("--stage", default=FINAL, help="the evaluation whose problems are asked, and of that model")
    parser.add_argument("--problems", type=int, help="the first so many; default all")
    parser.add_argument("--exports", type=Path, help="a folder that keeps the exports; default none")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        kept = given.exports or Path(temporary)
        for found in answered(given.run, given.programs, given.stage, given.problems, kept):
            print(found, flush=True)
