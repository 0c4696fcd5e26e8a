"""A model's name → its weights and tokenizer in memory, from wherever they are nearest."""

import json
import pickle
import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import tiny
from models import hostile
from models.tiny_gguf import write_gguf
from whet.errors import UserError
from whet.models import hub, load_model, packaged, resolve
from whet.models.hub import NotHereError
from whet.models.load import load_tokenizer
from whet.models.origin import write_origin

SHORT, LONG = "SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"


class Places:
    """Stand-ins for the places that cost network, and which of them were asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.asked: list[str] = []
        self.have: set[str] = set()
        self.folder = folder
        monkeypatch.setattr(hub, "cached", lambda name: self.ask("hub cache"))
        monkeypatch.setattr(hub, "fetched", lambda name, log: self.ask("hub"))
        monkeypatch.setattr(packaged, "obtain", lambda model, log: self.ask("package"))

    def ask(self, place: str) -> Path:
        self.asked.append(place)
        if place not in self.have:
            raise NotHereError("nothing")
        return self.folder


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tiny_folder: Path, tmp_path: Path) -> Places:
    monkeypatch.setenv("WHET_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Places(monkeypatch, tiny_folder)


def test_a_folder_is_itself(places: Places, tiny_folder: Path) -> None:
    assert resolve(str(tiny_folder)) == tiny_folder
    assert places.asked == []


def test_a_folder_with_a_hub_like_name_wins(places: Places, tiny_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_folder, tmp_path / "somebody" / "tiny")
    assert resolve("somebody/tiny") == Path("somebody/tiny")
    assert places.asked == []


def test_a_gguf_file_is_converted(places: Places, tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", tiny.tiny_model(vocab_size=108))
    folder = resolve(str(tmp_path / "m.gguf"))
    assert (folder / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("have", "asked"),
    [
        ({"hub cache", "hub", "package"}, ["hub cache"]),
        ({"hub", "package"}, ["hub cache", "hub"]),
        ({"package"}, ["hub cache", "hub", "package"]),
    ],
)
def test_nearer_places_come_first(places: Places, have: set[str], asked: list[str]) -> None:
    places.have = have
    assert resolve(LONG) == places.folder
    assert places.asked == asked


def test_the_packaged_models_own_name_never_waits_for_the_hub(places: Places) -> None:
    places.have = {"hub", "package"}
    resolve(SHORT)
    assert places.asked == ["package"]


def test_a_converted_package_counts_as_cached(places: Places, tiny_folder: Path) -> None:
    model = packaged.find(LONG)
    assert model is not None
    shutil.copytree(tiny_folder, model.folder)
    assert resolve(LONG) == model.folder
    assert places.asked == ["hub cache"]


def test_what_is_nowhere_is_told_with_everything_that_was_tried(places: Places) -> None:
    with pytest.raises(UserError) as error:
        resolve("somebody/nothing")
    text = str(error.value)
    assert text.startswith("model.name: 'somebody/nothing' is nowhere")
    for place in ("on disk", "the hub's cache", "Whet's cache", "the hub:", "package: none carries it"):
        assert place in text
    assert f"or {SHORT}" in text
    assert "\n" not in text


def test_a_packaged_model_out_of_reach_names_every_place_once(places: Places) -> None:
    with pytest.raises(UserError, match=r"the hub: nothing; package: nothing\); name a model folder$"):
        resolve(LONG)


@pytest.mark.parametrize("name", ["./none", "/none", "~/none", "none.gguf", "a/b/c"])
def test_what_can_only_be_a_path_is_not_sought_elsewhere(places: Places, name: str) -> None:
    with pytest.raises(UserError, match="no such folder or GGUF file"):
        resolve(name)
    assert places.asked == []


def test_a_snapshot_from_the_hub_is_checked_too(places: Places, tiny_folder: Path, tmp_path: Path) -> None:
    places.have, places.folder = {"hub"}, Path(shutil.copytree(tiny_folder, tmp_path / "evil"))
    config = json.loads((places.folder / "config.json").read_text())
    (places.folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "x.Y"}}))
    with pytest.raises(UserError, match="auto_map"):
        resolve("somebody/evil")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_and_tokenizer_are_loaded(tiny_folder: Path, dtype: torch.dtype) -> None:
    loaded = load_model(str(tiny_folder), dtype)
    expected = tiny.tiny_model().state_dict()
    assert {weight.dtype for weight in loaded.model.parameters()} == {dtype}
    assert not loaded.model.training
    found = loaded.model.state_dict()
    assert all(torch.equal(found[name], weight.to(dtype)) for name, weight in expected.items())
    assert loaded.tokenizer.decode(loaded.tokenizer("1 + 2").input_ids) == "1 + 2"
    assert (loaded.path, loaded.source) == (tiny_folder, str(tiny_folder))


def test_the_source_of_converted_weights_is_told(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    write_origin(folder, "some wheel")
    assert load_model(str(folder), torch.float32).source == "some wheel"


def set_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def rename_weights(folder: Path, prefix: str) -> None:
    """Puts a prefix before the name of every weight, as wrappers do (`torch.compile`, peft)."""
    file = folder / "model.safetensors"
    save_file({prefix + name: tensor for name, tensor in load_file(file).items()}, file, {"format": "pt"})


UNLOADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "an unknown family": (lambda f: set_config(f, model_type="zebra", architectures=["Z"]), "does not load"),
    "no causal language model": (lambda f: set_config(f, model_type="clip"), "does not load"),
    "an end token by its text": (
        lambda f: (f / "generation_config.json").write_text('{"eos_token_id": "</s>"}'),
        "eos_token_id in its generation_config.json is '</s>', no token's id",
    ),
    "end tokens in a list of lists": (
        lambda f: (f / "generation_config.json").write_text('{"eos_token_id": [[2]]}'),
        "no token's id",
    ),
    "a classifier": (
        lambda f: set_config(f, architectures=["LlamaForSequenceClassification"], tie_word_embeddings=False),
        "lacks 1 weight, such as lm_head.weight; it was saved as LlamaForSequenceClassification, without the head",
    ),
    "weights that are not all there": (lambda f: set_config(f, num_hidden_layers=3), "lacks 9 weights"),
    "weights of another size": (
        lambda f: set_config(f, intermediate_size=48),
        r"model\.layers\.0\.mlp\.down_proj\.weight has the shape \[32, 64\] in its files and \[32, 48\] by its config",
    ),
    "weights behind a wrapper's name": (
        lambda f: rename_weights(f, "_orig_mod."),
        r"lacks \d+ weights, such as .*; its files call them otherwise, such as _orig_mod\.model\.embed",
    ),
}


def test_a_model_that_is_set_to_return_tuples_is_set_right(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    set_config(folder, return_dict=False)
    model = load_model(str(folder), torch.float32).model
    assert model(torch.tensor([[1, 2]])).logits.shape[:2] == (1, 2)


@pytest.mark.parametrize("case", UNLOADABLE)
def test_what_does_not_load_is_one_line_and_quick(
    case: str, tiny_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil, reason = UNLOADABLE[case]
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    spoil(folder)
    started = hostile.worked()
    with pytest.raises(UserError, match=reason) as error:
        load_model(str(folder), torch.float32)
    assert hostile.worked() - started < 5
    assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("case", hostile.CASES)
def test_a_hostile_folder_is_refused_and_none_of_its_code_runs(case: str, tiny_folder: Path, tmp_path: Path) -> None:
    spoil, reason = hostile.CASES[case]
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    spoil(folder)
    started = hostile.worked()
    with pytest.raises(UserError, match=reason) as error:
        load_model(str(folder), torch.float32)
    assert hostile.worked() - started < 5
    assert str(error.value).startswith("model.name: ")
    assert "\n" not in str(error.value)
    assert not (folder / hostile.CANARY).exists()


def test_there_is_a_case_for_each_way_of_doing_harm() -> None:
    assert len(hostile.CASES) >= 15


def test_a_tokenizer_class_of_its_own_is_not_looked_for_in_the_folder(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    hostile.with_code("tokenizer_config.json", tokenizer_class="evil.Model")(folder)
    loaded = load_model(str(folder), torch.float32)
    assert type(loaded.tokenizer).__module__.startswith("transformers.")
    assert not (folder / hostile.CANARY).exists()


def test_a_pickle_beside_the_weights_is_never_opened(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    for name in ("pytorch_model.bin", "optimizer.pt", "training_args.bin"):
        (folder / name).write_bytes(hostile.bomb(folder))
    load_model(str(folder), torch.float32)
    assert not (folder / hostile.CANARY).exists()


def test_the_harm_of_these_tests_is_real(tmp_path: Path) -> None:
    pickle.loads(hostile.bomb(tmp_path))
    assert (tmp_path / hostile.CANARY).exists()
    (tmp_path / hostile.CANARY).unlink()
    hostile.with_code("config.json")(tmp_path)
    runpy.run_path(str(tmp_path / "evil.py"))
    assert (tmp_path / hostile.CANARY).exists()
    text = hostile.GLOBALS.replace("CANARY", str(tmp_path / "unguarded"))
    jinja2.Environment().from_string(text).render()
    assert (tmp_path / "unguarded").exists(), "without the sandbox the template does what it says"


def test_a_snapshot_in_the_hubs_cache_is_made_of_links(tiny_folder: Path, tmp_path: Path) -> None:
    blobs, snapshot = tmp_path / "models--a--b" / "blobs", tmp_path / "models--a--b" / "snapshots" / "1234"
    snapshot.mkdir(parents=True)
    shutil.copytree(tiny_folder, blobs)
    for file in blobs.iterdir():
        (snapshot / file.name).symlink_to(f"../../blobs/{file.name}")
    assert load_model(str(snapshot), torch.float32).path == snapshot
    (tmp_path / "elsewhere.json").write_text("{}")
    (snapshot / "extra.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(UserError, match=r"extra.json is a link out of the folder"):
        load_model(str(snapshot), torch.float32)


def test_an_encoder_decoder_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "model"))
    hostile.change(folder, "config.json", is_encoder_decoder=True, model_type="bart")
    with pytest.raises(UserError, match=r"refused: it is an encoder-decoder \(bart\).*decoder-only"):
        load_model(str(folder), torch.float32)


def test_a_tokenizer_with_more_tokens_than_embeddings_is_refused(tmp_path: Path) -> None:
    folder = tiny.save_tiny(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<reasoning>", "</reasoning>"])
    tokenizer.save_pretrained(folder)
    with pytest.raises(UserError, match=r"2 more tokens than .* embeddings \(100\), such as '<reasoning>'.*resize"):
        load_model(str(folder), torch.float32)


def test_marks_of_images_need_no_embedding_and_a_padded_vocabulary_is_fine(tmp_path: Path) -> None:
    folder = tiny.save_tiny(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens(["<image_soft_token>"], special_tokens=True)
    tokenizer.save_pretrained(folder)
    assert len(load_model(str(folder), torch.float32).tokenizer) == len(tiny.VOCABULARY) + 1
    padded = tiny.save_tiny(tmp_path / "padded", vocab_size=128)
    assert load_model(str(padded), torch.float32).model.config.vocab_size == 128


def test_the_tokenizer_alone(tiny_folder: Path, tmp_path: Path) -> None:
    assert load_tokenizer(str(tiny_folder)).encode("3 + 4") == tiny.tiny_tokenizer().encode("3 + 4")
    broken = Path(shutil.copytree(tiny_folder, tmp_path / "broken"))
    (broken / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=r"^model\.name: the tokenizer in .*broken does not load \(.+\); save"):
        load_tokenizer(str(broken))


def test_weights_that_the_configuration_does_not_use_are_said(tiny_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_folder, tmp_path / "m"))
    said: list[str] = []
    load_model(str(folder), torch.float32, said.append)
    assert said == []
    set_config(folder, num_hidden_layers=1)
    load_model(str(folder), torch.float32, said.append)
    assert len(said) == 1
    assert re.match(r"model\.name: the model uses none of 9 weights, such as model\.layers\.1\.", said[0])
