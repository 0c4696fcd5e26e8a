"""The recipe's data sections: sources of problems, filters, mixture and question template."""

from typing import Any, Literal

from pydantic import Field, PositiveInt

from whet.config.section import Section

AnswerType = Literal["number", "choice", "text", "latex"]


class KeepConfig(Section):
    """Which problems of a source are taken: those that meet every condition."""

    shortest_question: PositiveInt | None = None
    """Questions have at least this many characters."""
    longest_question: PositiveInt | None = None
    """Questions have at most this many characters."""
    shortest_solution: PositiveInt | None = None
    """Worked solutions have at least this many characters, so problems without one are left out."""
    longest_solution: PositiveInt | None = None
    """Worked solutions have at most this many characters."""
    lowest_level: float | None = None
    """Problems are at least this hard, by the column `level`."""
    highest_level: float | None = None
    """Problems are at most this hard, by the column `level`."""
    level: str = "level"
    """The column that says how hard a problem is: a number, or a text that ends in one, such as `Level 5`."""
    answers: list[AnswerType] | None = None
    """What gold answers may be: a `number`, a `choice` among letters, `text` in words, or other `latex`."""


class SourceConfig(Section):
    """Where problems come from."""

    name: str
    """A named source such as `gsm8k`, `numina_math` or `reasoning_gym:countdown`, a JSONL, CSV or Parquet file, or the
    name of a hub data set."""
    split: str | None = None
    """The split of a data set; the default is `train` for training and `test` for evaluation."""
    path: str | None = None
    """A local file or folder to read a named data set from, instead of the hub."""
    columns: dict[str, str] = {}
    """For files: which column holds the `question`, the `answer`, the `solution`, the `options` of multiple choice; of
    nested ones as `extra_info.answer`, and the question of several as a template such as `{body} {question}`."""
    keep: KeepConfig | None = None
    """Take only problems that meet these conditions."""
    limit: PositiveInt | None = None
    """Take only the first this many problems, of those kept."""
    weight: float = Field(1.0, gt=0, le=1e6)
    """How often problems of this source are drawn, beside the others of a mixture (`data.mix`)."""
    params: dict[str, Any] = {}
    """Parameters of the source, such as `level: 2` for `arithmetic`."""


class DataConfig(Section):
    """q ~ P(Q): what to train on and what to hold out."""

    train: SourceConfig
    """Problems to learn from."""
    mix: list[SourceConfig] = []
    """More sources to learn from, mixed with `data.train` by their weights."""
    test: SourceConfig | None = None
    """Held-out problems, never trained on; the default is the same source's test split."""
    question: str = "{question}"
    """The template of the user's turn; `{question}` stands for the question, other names in braces for columns."""
