"""One rendering of a chat template and the word for how it went."""

import pytest

from models import hostile
from tiny import CHAT_TEMPLATE
from whet.models.rendering import environment, outcome

REFUSES_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}fine"
AS_TRANSFORMERS = (
    "{{ strftime_now('%Y') }}{{ messages | tojson }}{{ bos_token }}{% for m in messages %}{% if loop.first %}"
    "{% continue %}{% endif %}{% generation %}{{ m.content }}{% endgeneration %}{% break %}{% endfor %}"
)


@pytest.mark.parametrize(
    "template",
    [CHAT_TEMPLATE, REFUSES_SYSTEM, AS_TRANSFORMERS, "", "{{ undefined_thing }}", "{% broken", "{{ 1 // 0 }}"],
)
def test_what_renders_or_merely_refuses_is_fine(template: str) -> None:
    assert outcome(template) == "fine"


@pytest.mark.parametrize("template", [hostile.GLOBALS, hostile.CLASSES, hostile.PIECEMEAL])
def test_a_way_out_of_the_sandbox_is_an_escape(template: str) -> None:
    assert outcome(template) == "escape"


def test_formatting_gives_nothing_away() -> None:
    assert outcome(hostile.FORMATTED) == "fine"
    assert environment().from_string(hostile.FORMATTED).render(messages=[]) == "{0.__class__}"


def test_a_flood_is_long() -> None:
    assert outcome("{% for i in range(99999) %}eleven more {% endfor %}") == "long"


def test_jinja_is_set_up_as_for_chat_templates() -> None:
    template = "{% for m in messages %}\n  {% generation %}{{ m | tojson }}{% endgeneration %}\n{% endfor %}"
    assert environment().from_string(template).render(messages=[{"a": "é<"}]) == '{"a": "é<"}'
