"""Code blocks of Markdown documents: found, run, and their command lines parsed."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

SKIP = re.compile(r"<!-- not executed: \S.* -->")
FENCE = re.compile(r"(?P<indent> *)```(?P<language>\w*)")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Args:
        document: the file.
        line: the number of the fence's line, from 1.
        language: the word after the fence.
        text: what is inside, without common indentation.
        skipped: whether a comment directly above says why it is not executed.
    """

    document: Path
    line: int
    language: str
    text: str
    skipped: bool

    def numbered(self) -> str:
        """The text, moved down so that a traceback's line numbers are the document's."""
        return "\n" * self.line + self.text


def blocks(document: Path) -> list[Block]:
    """Every fenced block of a document, in order."""
    lines = document.read_text("utf-8").splitlines()
    found, start = [], None
    for number, line in enumerate(lines):
        fence = FENCE.fullmatch(line.rstrip())
        if fence is None:
            continue
        if start is None:
            start, opening = number, fence
        else:
            inside = [inner.removeprefix(opening["indent"]) + "\n" for inner in lines[start + 1 : number]]
            skipped = start > 0 and SKIP.fullmatch(lines[start - 1].strip()) is not None
            found.append(Block(document, start + 1, opening["language"], "".join(inside), skipped))
            start = None
    assert start is None, f"{document}:{start}: a code block without an end"
    return found


def commands(block: Block, program: str = "oddframe") -> list[list[str]]:
    """The arguments of every call of the program in a shell block: prompts, comments, pipes and redirections aside."""
    joined = block.text.replace("\\\n", " ")
    calls = []
    for line in joined.splitlines():
        words = shlex.split(line.strip().removeprefix("$ "), comments=True)
        ends = [i for i, word in enumerate(words) if word in ("|", ">", ">>", "&&", ";", "&")]
        if words[:1] == [program]:
            calls.append(words[1 : min(ends, default=len(words))])
    return calls
