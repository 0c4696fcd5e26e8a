"""Formats with tagged parts: `<think>…</think> <answer>…</answer>`."""

import re
from dataclasses import dataclass
from functools import cached_property

from whet.formats.base import TRAILING_COST, Parsed, ResponseFormat, agreed
from whet.formats.spans import tag_blocks


@dataclass(frozen=True)
class Tagged(ResponseFormat):
    """A format of tagged parts: first the reasoning, last the answer; any between state the result in a sentence."""

    parts: tuple[str, ...]
    """Tag names, in order."""
    lines: bool = False
    """Whether each tag is on its own line; otherwise one space separates the blocks."""

    def render(self, solution: str, answer: str) -> str:
        sentence = f"The answer is {answer.strip()}."
        reasoning = self._tag.sub("", solution).strip() or sentence
        between = [sentence] * (len(self.parts) - 2)
        return self.layout([reasoning, *between, answer.strip()][-len(self.parts) :])

    @property
    def opening_tag(self) -> str:
        return self.parts[0]

    def rest(self, opening: str, solution: str, answer: str) -> str:
        whole = self.render(solution, answer)
        left = whole.removeprefix(f"<{self.parts[0]}>") if opening else whole
        return left.lstrip() if opening[-1:].isspace() else left

    def parse(self, text: str) -> Parsed:
        bodies: dict[str, str] = {}
        rest = text
        for part in self.parts[:-1]:
            body, closed, after = rest.partition(f"</{part}>")
            if closed:
                before, opened, inside = body.partition(f"<{part}>")
                bodies[part], rest = (inside if opened else before).strip(), after
        output = bodies.get(self.parts[-2]) if len(self.parts) > 2 else None
        return Parsed(bodies.get(self.parts[0]), agreed(tag_blocks(rest, self.parts[-1])), output)

    def strict(self, text: str) -> bool:
        bodies = self._bodies(text)
        edge = "\n" * self.lines
        return bodies is not None and text.strip() == self.layout(
            [body.removeprefix(edge).removesuffix(edge) for body in bodies]
        )

    def soft(self, text: str) -> bool:
        return self._bodies(text) is not None

    def tags(self, text: str) -> float:
        share = sum(text.count(tag) == 1 for tag in self._tags) / len(self._tags)
        _, ended, after = text.rpartition(self._tags[-1])
        return max(0.0, share - TRAILING_COST * len(after.strip()) * bool(ended))

    def partial(self, text: str) -> float:
        return sum(tag in text for tag in self._tags) / len(self._tags)

    def layout(self, bodies: list[str]) -> str:
        """The strict layout, filled with the bodies of the parts."""
        edge, gap = ("\n", "\n") if self.lines else ("", " ")
        blocks = zip(self.parts, bodies, strict=True)
        return gap.join(f"<{part}>{edge}{body}{edge}</{part}>" for part, body in blocks)

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        return tuple(tag for part in self.parts for tag in (f"<{part}>", f"</{part}>"))

    @cached_property
    def _tag(self) -> re.Pattern[str]:
        return re.compile("(" + "|".join(map(re.escape, self._tags)) + ")")

    def _bodies(self, text: str) -> list[str] | None:
        """The bodies of the parts; `None` unless each tag occurs once, in order, no part blank, no text between."""
        split = self._tag.split(text)  # outside, <a>, inside, </a>, outside, <b>, inside, </b>, …
        outside, tags, inside = split[::4], split[1::2], split[2::4]
        complete = tuple(tags) == self._tags and all(body.strip() for body in inside)
        return inside if complete and not any(gap.strip() for gap in outside) else None
