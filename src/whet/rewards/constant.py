"""Finds reward functions of the user's that gave every response of a step the same, which teaches nothing."""

from collections.abc import Iterator, Mapping, Sequence

from whet.types import Group

FEWEST = 8
"""Different responses below which the same reward for all may be chance."""


class ConstantRewards:
    """Says once of each function, by its name, that its reward was the same for all responses of a step."""

    def __init__(self, forms: Mapping[str, str]) -> None:
        """`forms` says of each function how completions reach it: `text` or `messages`."""
        self._forms = forms
        self._said: set[str] = set()

    def lines(self, groups: Sequence[Group]) -> Iterator[str]:
        """Yields a line, with likely reason and fix, for each function that has not been named yet."""
        texts = {rollout.text for group in groups for rollout in group.rollouts}
        for name, form in self._forms.items() if len(texts) >= FEWEST else ():
            values = {reward.parts.get(name) for group in groups for reward in group.rewards}
            if len(values) == 1 and name not in self._said:
                self._said.add(name)
                given = f"gave {_shown(values.pop())} to all of {len(texts)} different responses"
                yield f"reward {name} {given}; {_FIXES[form]}"


def _shown(value: float | None) -> str:
    return "no reward (None)" if value is None else f"{value:g}"


_FIXES: Mapping[str, str] = {
    "messages": "it is given lists of messages, so read completion[0]['content'], or write `completions: text` beside "
    "its name to be given texts",
    "text": "it is given texts: see what it looks for, by printing a completion in it or with `whet score`",
}
