"""Model folders that mean harm: each spoils a sound folder, and most leave a canary behind where their code runs."""

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

CANARY = "canary"
"""The file, in the spoilt folder, that code of the folder leaves behind."""


def worked() -> float:
    """Seconds of processor time of this process and of those it started: what else the machine does is left out."""
    return sum(os.times()[:4])


class Bomb:
    """Leaves the canary behind when unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def bomb(folder: Path) -> bytes:
    return pickle.dumps(Bomb(folder / CANARY))


def change(folder: Path, name: str, **changes: Any) -> None:
    path = folder / name
    record = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(record | changes))


def weights_as(name: str) -> Callable[[Path], None]:
    """A pickle in place of the weights."""

    def spoil(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / name).write_bytes(bomb(folder))

    return spoil


def zipped_pickle(folder: Path) -> None:
    """As `torch.save` writes it."""
    (folder / "model.safetensors").unlink()
    with ZipFile(folder / "model.safetensors", "w") as archive:
        archive.writestr("archive/data.pkl", bomb(folder))


def with_code(name: str, **settings: Any) -> Callable[[Path], None]:
    """A Python file that leaves the canary, and settings that ask for it."""

    def spoil(folder: Path) -> None:
        text = (
            f"import pathlib\npathlib.Path({str(folder / CANARY)!r}).touch()\nclass Model: pass\nclass Config: pass\n"
        )
        for module in ("evil.py", "tokenization_evil.py", "modeling_evil.py"):
            (folder / module).write_text(text)
        change(folder, name, **settings)

    return spoil


def template(text: str, name: str = "chat_template.jinja") -> Callable[[Path], None]:
    """A chat template; CANARY in it stands for the canary's path."""

    def spoil(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.replace("CANARY", str(folder / CANARY)))

    return spoil


def listed_template(folder: Path) -> None:
    """A second template in the tokenizer's settings."""
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    named = [{"name": "default", "template": "fine"}, {"name": "tool_use", "template": "{{ 'a' * 10**11 }}"}]
    change(folder, "tokenizer_config.json", chat_template=named)


def shard_at(name: str) -> Callable[[Path], None]:
    """An index that names a file elsewhere, which is there."""

    def spoil(folder: Path) -> None:
        target = Path(name.replace("OUTSIDE", str(folder.parent)))
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / "model.safetensors").rename(folder / target)
        change(folder, "model.safetensors.index.json", weight_map={"a": str(target)})

    return spoil


def linked(name: str) -> Callable[[Path], None]:
    """One of the files is a link out of the folder."""

    def spoil(folder: Path) -> None:
        outside = folder.parent / f"outside-{name}"
        (folder / name).rename(outside)
        (folder / name).symlink_to(outside)

    return spoil


def endless_file(folder: Path) -> None:
    """A pipe, at which a reader waits for ever."""
    (folder / "generation_config.json").unlink(missing_ok=True)
    os.mkfifo(folder / "generation_config.json")


def header(text: bytes, length: int | None = None, data: bytes = b"") -> Callable[[Path], None]:
    """Weights whose header says `text`, and that it has `length` bytes."""

    def spoil(folder: Path) -> None:
        size = len(text) if length is None else length
        (folder / "model.safetensors").write_bytes(size.to_bytes(8, "little") + text + data)

    return spoil


def tensor(shape: list[int], size: int) -> bytes:
    return json.dumps({"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}}).encode()


def large_by_the_book(folder: Path) -> None:
    """Each width is one that some weight has; together they make a model of a hundred billion weights."""
    from safetensors.torch import load_file, save_file
    from torch import zeros

    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "long": zeros(120_000)}, folder / "model.safetensors", metadata={"format": "pt"})
    change(folder, "config.json", hidden_size=120_000, intermediate_size=120_000)


def configured(**settings: Any) -> Callable[[Path], None]:
    return lambda folder: change(folder, "config.json", **settings)


LOOPS = "".join(f"{{% for {name} in range(99999) %}}" for name in "abc") + "{% endfor %}" * 3
DOUBLING = "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}"
GLOBALS = "{{ cycler.__init__.__globals__.os.system('touch CANARY') }}"
CLASSES = "{% for c in ''.__class__.__mro__[1].__subclasses__() %}{{ c('touch CANARY', shell=true) }}{% endfor %}"
PIECEMEAL = "{% set u = '_' * 2 %}{{ (lipsum|attr(u ~ 'globals' ~ u))['os'].popen('touch CANARY').read() }}"
FORMATTED = "{{ '{0._' ~ '_class_' ~ '_}' }}{{ ('{0._' ~ '_class_' ~ '_}').format(messages) }}"

CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pickle as .bin": (weights_as("pytorch_model.bin"), "its weights are pickles"),
    "a pickle as .pt": (weights_as("model.pt"), "its weights are pickles"),
    "a pickle as .pkl": (weights_as("model.pkl"), "its weights are pickles"),
    "a pickle called safetensors": (weights_as("model.safetensors"), "is no safetensors file"),
    "a zipped pickle called safetensors": (zipped_pickle, "is no safetensors file"),
    "code beside the model": (with_code("config.json", auto_map={"AutoModelForCausalLM": "evil.Model"}), "auto_map"),
    "code for the configuration": (with_code("config.json", auto_map={"AutoConfig": "evil.Config"}), "auto_map"),
    "code beside the tokenizer": (
        with_code("tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.M", None]}),
        "auto",
    ),
    "code in a section": (with_code("config.json", text_config={"auto_map": {"AutoModel": "evil.Model"}}), "auto_map"),
    "code from the hub": (configured(_attn_implementation="evil/kernel"), "code from the hub"),
    "code from the hub in a section": (configured(text_config={"_attn_implementation": "evil/kernel"}), "from the hub"),
    "a template that opens Python's globals": (template(GLOBALS), "reaches for Python's internals"),
    "a template that goes by classes": (template(CLASSES), "reaches for Python's internals"),
    "a template that spells the way out in pieces": (template(PIECEMEAL), "reaches for what is not its own"),
    "a template of endless loops": (template(LOOPS), "does not come to an end"),
    "a template of ten gigabytes": (template("{{ 'a' * 10**10 }}"), "fills the memory"),
    "a template that doubles": (template(DOUBLING), "fills the memory|does not come to an end"),
    "a template of a wide number": (template("{{ '%900000000d' % 1 }}{{ '%900000000d' % 1 }}"), "memory|more than"),
    "a template of many words": (template("{% for i in range(99999) %}twelve words{% endfor %}"), "more than 1000000"),
    "a template of two megabytes": (template("a" * 2_000_000), "has 2000000 characters"),
    "a template among others": (template(LOOPS, "additional_chat_templates/tool_use.jinja"), "does not come to an end"),
    "a template in the settings": (listed_template, r"\(tokenizer_config.json\) fills the memory"),
    "an index that points up": (shard_at("../weights.safetensors"), r"names '\.\./weights.safetensors'"),
    "an index that points to the root": (shard_at("OUTSIDE/weights.safetensors"), "no safetensors file of this folder"),
    "an index that points up and down": (shard_at("x/../../w.safetensors"), "no safetensors file of this folder"),
    "weights named elsewhere": (configured(transformers_weights="../weights.safetensors"), "transformers_weights"),
    "weights that are a link": (linked("model.safetensors"), "is a link out of the folder"),
    "a tokenizer that is a link": (linked("tokenizer.json"), "is a link out of the folder"),
    "a file that never ends": (endless_file, "generation_config.json is no file"),
    "a header of exabytes": (header(b"{}", 2**62), "is no safetensors file"),
    "a header longer than the file": (header(b"{}", 90_000_000), "is no safetensors file"),
    "a header that is no JSON": (header(b"\xff" * 64), "is no safetensors file"),
    "a header without end": (header(b"[" * 200_000), "is no safetensors file"),
    "a header that is a list": (header(b"[]"), "is no safetensors file"),
    "a tensor of exabytes": (header(tensor([2**40, 2**20], 4), data=b"1234"), "is no safetensors file"),
    "a tensor beyond the file": (header(tensor([2**20], 2**22), data=b"1234"), "is no safetensors file"),
    "a tensor of negative size": (header(tensor([-4], 4), data=b"1234"), "is no safetensors file"),
    "a billion layers": (configured(num_hidden_layers=10**9), "says num_hidden_layers: 1000000000"),
    "an endless vocabulary": (configured(vocab_size=10**12), "says vocab_size"),
    "an endless width": (configured(hidden_size=10**9), "says hidden_size"),
    "endless heads": (configured(head_dim=10**10), "says head_dim"),
    "an endless context": (configured(max_position_embeddings=10**12), "says max_position_embeddings"),
    "widths that multiply": (large_by_the_book, r"asks for \d{11,} weights, and its files hold"),
    "a configuration of 65 megabytes": (
        lambda folder: (folder / "config.json").write_text('{"a": "' + "a" * 65 * 2**20 + '"}'),
        "has over 64 MiB",
    ),
}
"""What is done to a sound folder, and what the refusal says."""
