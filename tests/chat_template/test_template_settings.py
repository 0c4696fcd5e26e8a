"""Settings for the chat template."""

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from whet.chat_template.template_settings import check_template_settings, unread, with_defaults
from whet.errors import UserError


@pytest.mark.parametrize("name", ["messages", "add_generation_prompt", "tokenize", "chat_template", "return_dict"])
def test_what_whet_gives_itself_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=rf"^model\.template\.{name}: is no setting of a template"):
        check_template_settings({"enable_thinking": True, name: 1})


def test_a_setting_is_a_word() -> None:
    with pytest.raises(UserError, match=r"^model\.template: has 'enable-thinking'; a setting is a word"):
        check_template_settings({"enable-thinking": True})
    check_template_settings({"enable_thinking": False, "date_string": "1 May 2024", "tools": []})


def test_only_whole_words_are_read() -> None:
    assert unread(["thinking", "enable_thinking"], "{% if enable_thinking %}x{% endif %}") == ["thinking"]
    assert unread(["a"], "") == ["a"]


@pytest.mark.parametrize("value", [True, False, None, 3, 0.5, 'it\'s "so"', ["a", {"b": None}]])
def test_a_default_counts_where_the_caller_gives_nothing(value: object) -> None:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(with_defaults("\n{{ [x, kind] }}", {"x": value, "kind": "k"}))
    assert template.render() == f"\n{[value, 'k']}"
    assert template.render(x=7) == "\n[7, 'k']"
