"""Ollama's Modelfile."""

from pathlib import Path

import pytest

from export.models_to_export import byte_level, save
from whet.config import FormatConfig
from whet.errors import UserError
from whet.export.modelfile import modelfile
from whet.export.subject import Subject


def subject(folder: Path, name: str = "Quickstart-001") -> Subject:
    return Subject(name, folder)


def test_a_model_without_a_run_is_asked_the_bare_question(tmp_path: Path) -> None:
    text = modelfile(subject(save(tmp_path)))
    head, _, rest = text.partition('TEMPLATE """')
    template, _, tail = rest.partition('"""\n')
    assert head == "# ollama create quickstart-001 -f Modelfile\nFROM ./model.gguf\n"
    assert template.startswith("{{ if .System }}<|im_start|>system\n")
    assert tail == 'PARAMETER stop "<|im_end|>"\nPARAMETER temperature 0\nPARAMETER num_ctx 512\n'


def test_the_system_prompt_of_the_format_and_every_end_come_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path, eos_token_id=[0, 2], max_position_embeddings=32768)
    monkeypatch.setattr("whet.export.subject.NO_FORMAT", FormatConfig(name="plain", system_prompt="Think.\nAnswer."))
    text = modelfile(subject(folder))
    assert 'PARAMETER stop "<|im_end|>"\nPARAMETER stop "<|endoftext|>"\n' in text
    assert text.endswith('PARAMETER num_ctx 8192\nSYSTEM """Think.\nAnswer."""\n')


def test_what_a_modelfile_cannot_say_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = byte_level()
    bare.chat_template = None
    with pytest.raises(UserError, match=r"ollama needs a model with a chat template"):
        modelfile(subject(save(tmp_path / "bare", tokenizer=bare)))
    for prompt in ('Say """', 'Say "yes"'):
        monkeypatch.setattr("whet.export.subject.NO_FORMAT", FormatConfig(name="plain", system_prompt=prompt))
        with pytest.raises(UserError, match=r"a Modelfile cannot say"):
            modelfile(subject(save(tmp_path / f"{len(prompt)}")))


def test_a_start_token_that_the_reader_adds_is_not_printed_again(tmp_path: Path) -> None:
    own = byte_level(bos=True)
    own.chat_template = "{{ bos_token }}" + own.chat_template.replace("<|im_start|>", "[")
    text = modelfile(subject(save(tmp_path, tokenizer=own)))
    assert '"""{{ if .System }}[system\n' in text
