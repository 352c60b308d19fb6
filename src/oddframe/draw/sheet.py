"""Many pictures on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from oddframe.draw.annotate import enlarged
from oddframe.draw.canvas import INK, PAPER
from oddframe.draw.typeface import shortened, write
from oddframe.errors import DataError
from oddframe.types import ImageArray


def contact_sheet(
    images: Sequence[ImageArray],
    columns: int,
    titles: Sequence[str] | None = None,
    *,
    width: int = 1600,
    gap: int = 16,
) -> ImageArray:
    """Pictures row by row on white, all brought to the same width.

    Args:
        images: (H, W, 3) uint8 RGB each, of any sizes.
        columns: pictures in a row, at least 1.
        titles: written over the pictures, one each.
        width: of the sheet, in pixels.
        gap: between pictures and around them, in pixels.

    Returns:
        (H, width, 3) uint8 RGB.

    Raises:
        DataError: no pictures, not as many titles as pictures, or too many columns for the width.
    """
    if not images or (titles is not None and len(titles) != len(images)):
        raise DataError(f"{len(images)} pictures with {len(titles or ())} titles; give at least one, and a title each")
    cell = (width - gap * (columns + 1)) // columns if columns >= 1 else 0
    if cell < 1:
        raise DataError(f"{columns} columns do not fit into {width} pixels; ask for 1 or more, and fewer than {width}")
    size = max(width // 80, 10)
    cells = [_titled(enlarged(image, cell), titles[i] if titles else None, size) for i, image in enumerate(images)]
    rows = [row_of(cells[i : i + columns], width, gap) for i in range(0, len(cells), columns)]
    return np.concatenate([*rows, np.full((gap, width, 3), 255, np.uint8)])


def row_of(cells: Sequence[ImageArray], width: int, gap: int) -> ImageArray:
    """Pictures side by side on white, their lower edges on one line, `gap` pixels apart and from the upper edge."""
    row = np.full((gap + max(len(cell) for cell in cells), width, 3), 255, np.uint8)
    left = gap
    for cell in cells:
        row[len(row) - len(cell) :, left : left + cell.shape[1]] = cell
        left += cell.shape[1] + gap
    return row


def _titled(image: ImageArray, title: str | None, size: int) -> ImageArray:
    if title is None:
        return image
    head = Image.new("RGB", (image.shape[1], round(1.6 * size)), PAPER)
    write(head, shortened(title, head.width, size, bold=True), (0, 1.1 * size), size, INK, bold=True)
    return np.concatenate([np.array(head), image])
