"""Mistakes in the text of a recipe, drawn from a seed, each with what a refusal of it must name.

`KEYS` says, written down by hand from docs and field declarations, what the keys of the shipped recipes take. What is
a mistake follows from it and from nothing else: the code under test is never asked.
"""

import random
import re
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Takes:
    """What a key takes: values of other types, values out of range, and whether it can be left out."""

    others: Sequence[str]
    """YAML of values of another type."""
    outside: Sequence[str] = ()
    """YAML of values of its type that are out of its range."""
    choices: Sequence[str] = ()
    required: bool = False


_WHOLE = ("many", "[3]", "{a: 1}", "true", '"3"', "2.5", "~")
_NUMBER = ("warm", "[0.5]", "true", '"0.5"', "~", ".nan", ".inf")
_TEXT = ("3", "2.5", "[a]", "true")
_CHOICE = ("3", "[a]", "true", "~")
_SECTION = ("3", "true", "[a]", "2.5")
_MAPPING = ("3", "[a]", "fast", "true")


def whole(low: int) -> Takes:
    return Takes(_WHOLE, (str(low - 1), str(low - 1000)))


def number(*outside: str) -> Takes:
    return Takes(_NUMBER, outside)


def choice(*choices: str, **more: Any) -> Takes:
    return Takes(_CHOICE, (), choices, **more)


_SHARE = Takes(("much", "[0.5]", "true", '"0.5"'), ("-0.1", "1.5"))
_SCHEDULES = ("constant", "cosine", "linear")
_FORMATS = ("think_answer", "reasoning_answer", "reasoning_output_answer", "boxed", "gsm8k", "plain", "custom")
_REWARDS = (
    *("accuracy", "exact_match", "last_integer", "integer", "verifier", "format_strict", "format_soft", "format_tags"),
    *("format_partial", "reasoning_steps", "reasoning_detail", "output_consistency", "length_cosine"),
    *("length_overlong", "repetition", "judge", "reward_model", "code_tests"),
)
_SOURCES = ("arithmetic", "gsm8k", "numina_math", "bespoke_stratos", "math", "math500")
_OBJECTIVES = ("grpo", "dr_grpo", "dapo", "bnpo", "gspo", "cispo", "sapo", "luspo", "rloo", "reinforce")

_OPTIMIZER = {
    "learning_rate": number("0", "-1e-5", "2", "1.5"),
    "schedule": choice(*_SCHEDULES),
    "warmup_steps": whole(0),
    "betas": Takes(("0.9", "[0.9]", "[0.9, 0.99, 0.999]", "fast", "~"), ("[0.9, 1.5]", "[-0.1, 0.99]", "[0.9, 1]")),
    "weight_decay": number("-0.1", "-1"),
    "max_grad_norm": number("0", "-1.0"),
}

KEYS: dict[str, Takes] = {
    "model": Takes(("3", "[a]", "true", "~"), required=True),
    "model.name": Takes((*_TEXT, "~"), required=True),
    "model.dtype": choice("auto", "bfloat16", "float32"),
    "model.lora": Takes(_SECTION),
    "model.lora.rank": whole(1),
    "model.lora.alpha": number("0", "-1"),
    "model.lora.targets": Takes(("3", "true", "{a: 1}", "~")),
    "model.lora.bits": Takes(("many", "[4]", "true", "~"), ("8", "3", "0")),
    "data": Takes((*_SECTION, "~"), required=True),
    "data.train": Takes((*_SECTION, "~"), required=True),
    "data.train.name": Takes((*_TEXT, "~"), (), _SOURCES, required=True),
    "data.train.params": Takes(_MAPPING),
    "data.train.params.level": Takes(("two", "[2]", "true", '"2"', "2.5"), ("0", "6")),
    "data.train.params.working": Takes(("3", "[a]", "fast")),
    "data.train.params.working.full": _SHARE,
    "data.train.params.working.short": _SHARE,
    "data.test": Takes(_SECTION),
    "data.test.name": Takes((*_TEXT, "~"), (), _SOURCES, required=True),
    "data.test.split": Takes(_TEXT),
    "format": Takes(("3", "[a]", "true", "~"), (), _FORMATS),
    "format.name": choice(*_FORMATS),
    "format.system_prompt": Takes(_TEXT),
    "rewards": Takes(("3", "accuracy", "{name: accuracy}", "true", "~"), ("[]",)),
    "rewards.*.name": Takes((*_TEXT, "~"), (), _REWARDS, required=True),
    "rewards.*.weight": number(),
    "rewards.*.weight.start": number(),
    "rewards.*.weight.end": number(),
    "rewards.*.weight.steps": whole(1),
    "rewards.*.weight.after": whole(0),
    "rewards.*.params": Takes(_MAPPING),
    "rewards.*.params.words": Takes(("many", "[3]", "true", '"3"', "2.5"), ("0", "-3")),
    "rewards.*.params.size": Takes(("many", "[3]", "true", '"3"', "2.5"), ("0", "-3", "101")),
    "check": Takes(_SECTION),
    "check.problems": whole(1),
    "check.samples": whole(1),
    "sft": Takes(("3", "true", "[a]", "~"), (), ("auto", "always", "never")),
    "sft.when": choice("auto", "always", "never"),
    "sft.steps": whole(1),
    "sft.batch_size": whole(1),
    "sft.from": choice("auto", "own", "solutions"),
    "sft.own": Takes(_SECTION),
    "sft.own.problems": whole(1),
    "sft.own.samples": whole(1),
    "sft.own.wanted": whole(1),
    "sft.held_out": whole(0),
    "sft.evaluate_every": whole(1),
    "sft.data": Takes(_SECTION),
    "sft.data.name": Takes((*_TEXT, "~"), (), _SOURCES, required=True),
    "sft.data.params": Takes(_MAPPING),
    "sft.data.params.worked": Takes(("3", "true"), (), ("thought", "solution", "both")),
    "sft.data.params.hold_out": Takes(("some", "[0.1]", "true", '"0.1"'), ("-0.1", "1", "1.5")),
    "sft.optimizer": Takes(_SECTION),
    **{f"sft.optimizer.{name}": takes for name, takes in _OPTIMIZER.items()},
    "grpo": Takes((*_SECTION, "~")),
    "grpo.steps": whole(0),
    "grpo.prompts_per_step": whole(1),
    "grpo.group_size": Takes(_WHOLE, ("1", "0", "-8")),
    "grpo.draws": whole(1),
    "grpo.learn_from": Takes(("many", "[3]", "{a: 1}", "true", '"3"', "2.5"), ("1", "0", "-8")),
    "grpo.sampling": Takes(_SECTION),
    "grpo.sampling.temperature": number("0", "-1.0", "11", "10.5"),
    "grpo.sampling.max_tokens": whole(1),
    "grpo.objective": Takes(_SECTION),
    "grpo.objective.name": choice(*_OBJECTIVES),
    "grpo.objective.beta": number("-0.04", "-1"),
    "grpo.objective.aggregation": choice("sequence_mean", "token_mean", "constant_length", "sequence_sum"),
    "grpo.objective.baseline": choice("group_mean", "leave_one_out", "none"),
    "grpo.objective.scale": choice("group_std", "batch_std", "none"),
    "grpo.optimizer": Takes(_SECTION),
    **{f"grpo.optimizer.{name}": takes for name, takes in _OPTIMIZER.items()},
    "eval": Takes(_SECTION),
    "eval.problems": whole(1),
    "eval.every": whole(0),
    "run": Takes(_SECTION),
    "run.save_every": whole(0),
    "run.keep": whole(1),
}


@dataclass(frozen=True)
class Mutation:
    """A recipe with one mistake in it."""

    recipe: str
    kind: str
    path: Path
    """Where the mistake is, as the recipe was meant."""
    content: bytes
    line: int | None = None
    """The line that a refusal must name; None where it cannot be said which it is."""
    typo: str = ""
    """What stands in place of the key's last part."""

    @property
    def written(self) -> str:
        """The dotted key, as it stands in the mutated text."""
        return ".".join(map(str, (*self.path[:-1], self.typo or self.path[-1]) if self.path else ()))


@dataclass(frozen=True)
class Entry:
    """A key of a recipe and its value, in its text."""

    path: Path
    key: yaml.ScalarNode
    value: yaml.Node
    parent: yaml.MappingNode

    @property
    def takes(self) -> Takes | None:
        """What `KEYS` says of it."""
        return KEYS.get(".".join("*" if isinstance(part, int) else part for part in self.path))

    @property
    def start(self) -> int:
        return int(self.key.start_mark.index)

    @property
    def end(self) -> int:
        return _end(self.value)


def _end(node: yaml.Node) -> int:
    """Where a value ends: a block, where the last of what it holds does."""
    block = isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)
    if not block:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(last[1] if isinstance(node, yaml.MappingNode) else last)


def entries(text: str, recipe: str) -> list[Entry]:
    """Every entry that `KEYS` knows. A puzzle's own parameters, which only its package knows, are left out."""

    def walk(node: yaml.Node, path: Path) -> Iterator[Entry]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield Entry((*path, key.value), key, value, node)
                yield from walk(value, (*path, key.value))
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                yield from walk(item, (*path, index))

    return [entry for entry in walk(yaml.compose(text, Loader=yaml.SafeLoader), ()) if entry.takes]


LETTERS = string.ascii_lowercase + "_"


def misspelt(word: str, dice: random.Random, taken: set[str]) -> str:
    """One or two letters wrong; one only where a word is so short that two would leave nothing of it."""
    while True:
        typo = word
        for _ in range(dice.choice((1, 2)) if len(word) > 3 else 1):
            at = dice.randrange(len(typo))
            typo = dice.choice(
                (
                    typo[:at] + typo[at + 1 :],
                    typo[:at] + dice.choice(LETTERS) + typo[at:],
                    typo[:at] + dice.choice(LETTERS) + typo[at + 1 :],
                    typo[:at] + typo[at : at + 2][::-1] + typo[at + 2 :],
                )
            )
        if re.fullmatch(r"[a-z][a-z0-9_]+", typo) and typo not in taken and typo not in ("null", "true", "false"):
            return typo


Maker = Callable[[str, str, Entry, random.Random, set[str]], Mutation | None]


def _line(entry: Entry) -> int:
    return int(entry.key.start_mark.line) + 1


def _with_value(text: str, entry: Entry, value: str) -> bytes:
    return f"{text[: entry.key.end_mark.index]}: {value}{text[entry.end :]}".encode()


def typo(recipe: str, text: str, entry: Entry, dice: random.Random, taken: set[str]) -> Mutation:
    """A key misspelt as no other key is called."""
    wrong = misspelt(str(entry.path[-1]), dice, taken)
    content = text[: entry.start] + wrong + text[entry.key.end_mark.index :]
    return Mutation(recipe, "typo", entry.path, content.encode(), _line(entry), wrong)


def _one_of(kind: str, recipe: str, text: str, entry: Entry, dice: random.Random, taken: set[str]) -> Mutation | None:
    assert entry.takes is not None
    values = entry.takes.others if kind == "type" else entry.takes.outside
    if not values:
        return None
    return Mutation(recipe, kind, entry.path, _with_value(text, entry, dice.choice(values)), _line(entry))


def wrong_choice(recipe: str, text: str, entry: Entry, dice: random.Random, taken: set[str]) -> Mutation | None:
    """A word that is none of those it may be."""
    assert entry.takes is not None
    choices = entry.takes.choices
    if not choices or isinstance(entry.value, yaml.CollectionNode):
        return None
    wrong = misspelt(dice.choice(choices), dice, {*choices, "none"})
    return Mutation(recipe, "choice", entry.path, _with_value(text, entry, wrong), _line(entry))


def _whole_lines(text: str, entry: Entry) -> tuple[int, int]:
    return text.rfind("\n", 0, entry.start) + 1, text.find("\n", entry.end) + 1


def missing(recipe: str, text: str, entry: Entry, dice: random.Random, taken: set[str]) -> Mutation | None:
    """Without a key that must be there."""
    assert entry.takes is not None
    if not entry.takes.required:
        return None
    alone = len(entry.parent.value) == 1
    if alone:
        start, end, left = int(entry.parent.start_mark.index), _end(entry.parent), "{}"
    elif entry.parent.flow_style:
        comma = re.compile(r",\s*").match(text, entry.end)
        start, end, left = entry.start, comma.end() if comma else entry.end, ""
        if comma is None:
            start = text.rfind(",", 0, entry.start)
    else:
        (start, end), left = _whole_lines(text, entry), ""
    return Mutation(recipe, "missing", entry.path, (text[:start] + left + text[end:]).encode())


def twice(recipe: str, text: str, entry: Entry, dice: random.Random, taken: set[str]) -> Mutation:
    """A key that stands there two times."""
    if entry.parent.flow_style:
        again = text[entry.start : entry.end]
        content = f"{text[: entry.start]}{again}, {text[entry.start :]}"
        line = _line(entry) + again.count("\n")
    else:
        start, end = _whole_lines(text, entry)
        content = text[:end] + text[start:end] + text[end:]
        line = text.count("\n", 0, end) + 1
    return Mutation(recipe, "twice", entry.path, content.encode(), line)


def no_yaml(recipe: str, text: str, entry: Entry, dice: random.Random, taken: set[str]) -> Mutation | None:
    """Text that no reader of YAML can take."""
    place = dice.randrange(len(text))
    breaks: list[bytes | None] = [
        f"{text}}}\n".encode(),
        _with_value(text, entry, "[1, 2"),
        _with_value(text, entry, '"never closed') if '"' not in text else None,
        _with_value(text, entry, "@x"),
        _with_value(text, entry, "a: b: c"),
        re.sub(r"(?m)^  (?=\w+: )", "\t", text, count=1).encode() if re.search(r"(?m)^  \w+: ", text) else None,
        f"{text[:place]}\0{text[place:]}".encode(),
        f"{text}---\nseed: 1\n".encode(),
        text[:place].encode() + b"\xff" + text[place:].encode(),
    ]
    content = dice.choice(breaks)
    return None if content is None else Mutation(recipe, "no YAML", (), content)


MAKERS: dict[str, tuple[float, Maker]] = {
    "typo": (0.45, typo),
    "type": (0.18, partial(_one_of, "type")),
    "range": (0.13, partial(_one_of, "range")),
    "choice": (0.09, wrong_choice),
    "missing": (0.05, missing),
    "twice": (0.05, twice),
    "no YAML": (0.05, no_yaml),
}
"""Every kind of mistake, and its share of the draws."""


def mutations(recipes: dict[str, str], taken: set[str], count: int, seed: int) -> list[Mutation]:
    """`count` different mutations of `recipes`, texts by name; no typo is one of the words `taken`."""
    dice, found = random.Random(seed), {}
    kinds, shares = list(MAKERS), [share for share, _ in MAKERS.values()]
    while len(found) < count:
        recipe = dice.choice(sorted(recipes))
        kind = dice.choices(kinds, shares)[0]
        entry = dice.choice(entries(recipes[recipe], recipe))
        made = MAKERS[kind][1](recipe, recipes[recipe], entry, dice, taken)
        if made is not None:
            found.setdefault(made.content, made)
    return list(found.values())
