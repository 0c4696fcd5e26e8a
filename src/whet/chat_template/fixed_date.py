"""Gives chat templates that print today's date (`strftime_now`) a fixed day, so that a resumed run reads the same."""

from datetime import date, datetime, time

DIRECTIVES = (
    *(f"%-{letter}" for letter in "dmyHIMSj"),
    *(f"%{letter}" for letter in "aAbBcCdDeFGhHIjklmMnprRStTuUVwWxXyYzZ"),
    "%%",
)
"""What `strftime` replaces. `%%` comes last, so that it makes no directive of what follows it."""


def prints_date(template: str) -> bool:
    """Whether a template asks for the time.

    >>> prints_date("{{ strftime_now('%d %b %Y') }}"), prints_date("{{ date_string }}")
    (True, False)
    """
    return "strftime_now" in template


def with_date(template: str, day: date) -> str:
    """Returns the template with `strftime_now` defined as a macro that knows only `day`, at midnight.

    transformers defines the function in its environment and takes no other from a caller; a macro hides it.
    """
    moment = datetime.combine(day, time())
    swaps = "".join(f"|replace({one!r}, {moment.strftime(one)!r})" for one in DIRECTIVES)
    # `+%}` keeps the line break with which the template may begin
    return f"{{%- macro strftime_now(format) -%}}{{{{ format{swaps} }}}}{{%- endmacro +%}}{template}"
