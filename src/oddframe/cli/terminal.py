"""The one place where text reaches a terminal: nothing that somebody else wrote can steer it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from oddframe.text import printable


class Terminal(Console):
    """A console that writes every character that is not to be seen as an escape, wherever it comes from.

    What it is called with is made printable before it is laid out; what is rendered in other ways, after.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(printable(text, lines=True), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(printable(segment.text, lines=True), segment.style)
