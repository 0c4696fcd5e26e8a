"""What a recipe says where nobody is asked."""

from pathlib import Path

from doubling import rows
from whet.init.choices import first_choices, warnings, with_test
from whet.init.look import look
from whet.recipe import make_recipe


def test_a_file_has_a_tenth_held_out(tmp_path: Path) -> None:
    choices = first_choices(look(str(rows(tmp_path, 200))), "a/model")
    assert (choices.hold_out, choices.eval_problems, choices.solutions) == (0.1, 20, False)
    config = make_recipe(choices.tree())
    assert config.data.train.params == {"hold_out": 0.1}
    assert config.data.test is None


def test_a_source_with_a_test_split_needs_none() -> None:
    choices = first_choices(look("arithmetic"), "a/model")
    assert (choices.hold_out, choices.eval_problems, choices.solutions) == (None, 256, True)


def test_held_out_problems_of_another_file(tmp_path: Path) -> None:
    choices = first_choices(look(str(rows(tmp_path, 200))), "a/model")
    assert with_test(choices, None) == choices
    other = with_test(choices, "test.jsonl")
    config = make_recipe(other.tree())
    assert config.data.test is not None
    assert (config.data.test.name, config.data.train.params) == ("test.jsonl", {})


def test_warnings_name_what_is_lacking(tmp_path: Path) -> None:
    few, unsolved = warnings(look(str(rows(tmp_path, 5))))
    assert few.startswith("5 problems are few")
    assert unsolved.startswith("no worked solutions")
    assert warnings(look("arithmetic")) == []
