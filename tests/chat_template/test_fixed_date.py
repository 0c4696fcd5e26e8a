"""Templates that ask for the date get one that does not move."""

from datetime import date

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from whet.chat_template.fixed_date import with_date

DAY = date(2024, 7, 6)


def rendered(template: str, **variables: object) -> str:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["strftime_now"] = lambda _: "the clock's date"
    return environment.from_string(with_date(template, DAY)).render(**variables)


@pytest.mark.parametrize(
    ("layout", "shown"),
    [
        ("%d %b %Y", "06 Jul 2024"),
        ("%Y-%m-%d", "2024-07-06"),
        ("%B %-d, %Y", "July 6, 2024"),
        ("%A, %H:%M:%S", "Saturday, 00:00:00"),
        ("%d/%m/%y %j", "06/07/24 188"),
        ("100%% of %a", "100% of Sat"),
    ],
)
def test_it_is_what_strftime_gives(layout: str, shown: str) -> None:
    assert rendered(f"{{{{ strftime_now('{layout}') }}}}") == shown


def test_a_layout_may_be_a_variable_and_the_call_may_be_anywhere() -> None:
    template = (
        "{% macro today() %}{{ strftime_now(layout) }}{% endmacro %}"
        "{% if strftime_now is defined %}{% set text = strftime_now(format=layout) %}{% endif %}"
        "{% for m in [1] %}{{ today() }}|{{ text }}{% endfor %}"
    )
    assert rendered(template, layout="%Y") == "2024|2024"


def test_the_rest_of_the_template_is_untouched() -> None:
    assert rendered("\n a\n{% if true %}\nb{% endif %}") == "\n a\nb"
