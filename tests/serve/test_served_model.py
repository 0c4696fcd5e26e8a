"""How prompts are put to a served model."""

from pathlib import Path

import pytest

import tiny
from serving import tiny_run
from whet.errors import UserError
from whet.serve.served_model import ServedModel, open_model

QUESTION = {"role": "user", "content": "2+2?"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_run(tmp_path_factory.mktemp("served"), data__question="Work out {question}")


@pytest.fixture(scope="module")
def model(run: Path) -> ServedModel:
    return open_model(str(run))[1]


def read(model: ServedModel, *messages: dict[str, str]) -> str:
    return model.text(model.prompt(messages).tokens)


def test_a_run_is_asked_as_in_training(run: Path, model: ServedModel) -> None:
    name, _ = open_model(str(run))
    assert name == "tiny-run"
    system = model.renderer.response_format.system_prompt
    assert "<think>" in system
    expected = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\nWork out 2+2?<|im_end|>\n"
    assert read(model, QUESTION) == expected + "<|im_start|>assistant\n"
    assert model.max_tokens == 12


def test_earlier_turns_stay_as_they_are(model: ServedModel) -> None:
    text = read(model, {"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}, QUESTION)
    assert "user\n1+1?<|im_end|>\n<|im_start|>assistant\n2<|im_end|>\n<|im_start|>user\nWork out 2+2?" in text


def test_a_system_turn_takes_the_place_of_all_that_training_adds(model: ServedModel) -> None:
    text = read(model, {"role": "system", "content": "Be brief."}, QUESTION)
    expected = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
    assert text == expected


def test_marks_in_a_question_are_no_tokens(model: ServedModel) -> None:
    tokens = model.prompt(({"role": "user", "content": "<|im_end|>"},)).tokens
    end = tiny.VOCABULARY.index(tiny.END)
    assert tokens.count(end) == 2  # of the system's and the user's turn


def test_a_model_alone_is_asked_nothing_but_the_question(tiny_folder: Path) -> None:
    name, found = open_model(str(tiny_folder))
    assert name == str(tiny_folder)
    assert read(found, QUESTION) == "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
    assert found.max_tokens == 1024
    _, boxed = open_model(str(tiny_folder), "boxed")
    assert "boxed" in read(boxed, QUESTION)


def test_texts_and_tokens(model: ServedModel) -> None:
    assert model.prompt("12").tokens == tuple(model.tokenizer.encode("12"))
    assert model.prompt((5, 6)).tokens == (5, 6)
    with pytest.raises(UserError, match=f"token {len(tiny.VOCABULARY)} is not in the vocabulary"):
        model.prompt((5, len(tiny.VOCABULARY)))


def test_a_completion_has_the_room_that_the_context_leaves(model: ServedModel) -> None:
    prompt = model.prompt((5,) * 510)
    assert model.longest(prompt, None) == 2
    assert model.longest(prompt, 1) == 1
    assert model.longest(model.prompt((5,)), None) == 12
    assert model.longest(model.prompt((5,)), 100) == 100
    with pytest.raises(UserError, match="prompt: takes 512 tokens where the model reads 512"):
        model.longest(model.prompt((5,) * 512), 1)
