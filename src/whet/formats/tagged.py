"""Formats with tagged parts: `<think>…</think> <answer>…</answer>`."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from whet.formats.base import TRAILING_COST, Parsed, ResponseFormat, agreed
from whet.formats.content import is_blank, is_placeholder
from whet.formats.reasoning_marks import without_marks
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
        steps = without_marks(self._tag.sub("", solution)).strip()
        reasoning = sentence if self._is_blank(steps) else steps
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
        found = [(match[0], *match.span()) for match in self._tag.finditer(text)]
        counts = Counter(tag for tag, *_ in found)
        once = [one for one in found if counts[one[0]] == 1]
        kept = _longest_in_order([self._tags.index(tag) for tag, *_ in once])
        placed = {self._tags[index] for index in kept}
        blank = self._blank_parts(text, placed)
        outside = self._outside(text, placed)
        return max(0.0, (len(placed) - len(blank)) / len(self._tags) - TRAILING_COST * len(outside))

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
        complete = tuple(tags) == self._tags and not any(map(self._is_blank, inside))
        return inside if complete and not any(gap.strip() for gap in outside) else None

    def _is_blank(self, body: str) -> bool:
        """Whether a part has no content, or only the words of the layout that the system prompt shows."""
        return is_blank(body) or is_placeholder(body)

    def _blank_parts(self, text: str, placed: set[str]) -> list[str]:
        """The parts whose two tags are in place with nothing between them."""
        return [
            part
            for part in self.parts
            if {f"<{part}>", f"</{part}>"} <= placed
            and self._is_blank(self._tag.sub("", text.partition(f"<{part}>")[2].partition(f"</{part}>")[0]))
        ]

    def _outside(self, text: str, placed: set[str]) -> str:
        """The text before, between and after the parts, between tags that are in place and next to each other."""
        bounds = ["", *self._tags, ""]
        gaps = []
        for left, right in zip(bounds[0::2], bounds[1::2], strict=True):  # "" <a>, </a> <b>, </b> ""
            if {left, right} - {""} <= placed:
                after = text.partition(left)[2] if left else text
                gaps.append(after.partition(right)[0] if right else after)
        return "".join(self._tag.sub("", gap).strip() for gap in gaps)


def _longest_in_order(places: Sequence[int]) -> list[int]:
    """The longest increasing run of places, the first of equally long ones; at most two for each part of the layout."""
    best: list[list[int]] = [[]]
    for place in places:
        before = max((run for run in best if not run or run[-1] < place), key=len)
        best.append([*before, place])
    return max(best, key=len)
