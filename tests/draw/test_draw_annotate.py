"""Boxes lie where they are said to, stand out from any ground, and words stay inside the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from oddframe.draw import Gauge, annotate, annotate_event, canvas
from oddframe.draw.typeface import legible, shortened, width, write
from oddframe.errors import DataError
from oddframe.types import ImageArray
from tests.draw.cases import event, of_colour, scored, timeline


def grey(level: int, high: int = 48, wide: int = 64) -> ImageArray:
    return np.full((high, wide, 3), level, np.uint8)


@pytest.mark.parametrize(("wide", "factor"), [(64, 10), (240, 3), (320, 2), (360, 2), (640, 1), (1920, 1)])
def test_small_frames_grow_by_a_whole_factor(wide: int, factor: int) -> None:
    assert annotate(grey(0, 30, wide)).shape == (30 * factor, wide * factor, 3)


@settings(max_examples=40)
@given(
    st.integers(20, 200),
    st.integers(20, 150),
    st.integers(9, 100),
    st.integers(9, 80),
    st.sampled_from([320, 640, 500]),
)
def test_a_box_is_drawn_at_its_scaled_place(x: int, y: int, w: int, h: int, wide: int) -> None:
    assume(x + w < 310 and y + h < 230)
    image = annotate(grey(90, 240, 320), [(x, y, x + w, y + h)], width=wide)
    scale = wide / 320
    left, top, right, bottom = (
        round(x * scale),
        round(y * scale),
        round((x + w) * scale) - 1,
        round((y + h) * scale) - 1,
    )
    spot = of_colour(image, canvas.SPOT)
    assert spot[top, left : right + 1].all()
    assert spot[bottom, left : right + 1].all()
    assert spot[top : bottom + 1, left].all()
    assert spot[top : bottom + 1, right].all()
    outside = image.copy()
    outside[max(top - 4, 0) : bottom + 5, max(left - 4, 0) : right + 5] = 90
    assert (outside == 90).all()
    assert (image[top + 5 : bottom - 4, left + 5 : right - 4] == 90).all()


@given(st.integers(0, 255))
@settings(max_examples=20)
def test_outlines_stand_out_from_every_ground(level: int) -> None:
    ground = grey(level, 240, 320)
    box = [(100, 100, 200, 180)]
    strong, faint = annotate(ground, box, width=640), annotate(ground, box, odd=(), width=640)
    across = slice(190, 211)  # through the left edge, which is at x = 200
    strongest, weaker = (np.abs(picture[280, across].astype(int) - level).max() for picture in (strong, faint))
    assert strongest >= 80
    assert 30 <= weaker < strongest


def test_only_the_odd_boxes_are_labelled() -> None:
    boxes, labels = [(10, 20, 20, 30), (40, 20, 50, 30)], ["one", "two"]
    every = of_colour(annotate(grey(0), boxes, labels=labels), canvas.SPOT)
    first = of_colour(annotate(grey(0), boxes, labels=labels, odd=[0]), canvas.SPOT)
    assert every[:, 320:].any()
    assert not first[:, 320:].any()
    np.testing.assert_array_equal(every[:, :320], first[:, :320])


def test_a_label_lies_over_its_box_or_inside_where_there_is_no_room() -> None:
    def labelled(y: int) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        box = [(20, y, 30, y + 20)]
        plain, tagged = annotate(grey(0), box), annotate(grey(0), box, labels=["7"])
        return np.flatnonzero((plain != tagged).any(axis=(1, 2)))

    assert labelled(20).max() < 200
    assert labelled(0).max() < 40
    assert labelled(0).min() < 5


@pytest.mark.parametrize("box", [(-5, -5, 0, 0), (64, 0, 70, 5), (0, 48, 5, 60), (np.nan, 0, 5, 5)])
def test_boxes_outside_the_picture_are_not_drawn(box: tuple[float, float, float, float]) -> None:
    np.testing.assert_array_equal(annotate(grey(7), [box], labels=["gone"]), annotate(grey(7)))


def test_a_box_of_the_whole_frame_is_seen() -> None:
    image = of_colour(annotate(grey(0), [(0, 0, 64, 48)]), canvas.SPOT)
    assert image[0].all()
    assert image[-1].all()
    assert image[:, 0].all()
    assert image[:, -1].all()


def test_the_frame_is_left_as_it_is() -> None:
    image = grey(5, 48, 640)
    drawn = annotate(image, [(0, 0, 30, 30)], labels=["x"], title="t", time=1.0, gauge=Gauge(1, 0, 2, 1))
    assert (image == 5).all()
    assert not np.shares_memory(image, drawn)


def test_the_line_below_is_there_only_if_something_is_said() -> None:
    bare = annotate(grey(9))
    for said in (annotate(grey(9), title="cart"), annotate(grey(9), time=0.0), annotate(grey(9), gauge=Gauge(1, 0, 2))):
        assert len(said) > len(bare)
        assert len(said) % 2 == 0
        np.testing.assert_array_equal(said[: len(bare)], bare)
        assert not of_colour(said[len(bare) :], canvas.INK).all()


@given(st.floats(-1, 6), st.floats(-1, 6))
@settings(max_examples=20)
def test_the_score_bar_grows_with_the_score(one: float, other: float) -> None:
    low, high = (
        of_colour(annotate(grey(0), gauge=Gauge(score, 0.0, 5.0)), canvas.SPOT).sum() for score in sorted((one, other))
    )
    assert low <= high


def test_the_score_bar_is_empty_full_or_half() -> None:
    none, half, full = (
        int(of_colour(annotate(grey(0), gauge=Gauge(score, 0, 4)), canvas.SPOT).sum()) for score in (np.nan, 2, 4)
    )
    assert none == 0
    assert full > 0
    assert half == pytest.approx(full / 2, rel=0.02)


@pytest.mark.parametrize(
    ("boxes", "labels", "odd", "said"),
    [
        ([1, 2, 3, 4], (), None, "boxes of shape"),
        ([[1, 2, 3]], (), None, "boxes of shape"),
        ([[1, 2, 3, 4]], ("a", "b"), None, "2 labels for 1 boxes"),
        ([[1, 2, 3, 4]], (), [1], "anomalous boxes"),
    ],
)
def test_what_does_not_fit_is_refused(
    boxes: list[float], labels: tuple[str, ...], odd: list[int] | None, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        annotate(grey(0), boxes, labels=labels, odd=odd)


STRONG, WEAK, EARLIER = (30.0, 20.0, 40.0, 30.0), (5.0, 30.0, 12.0, 40.0), (50.0, 5.0, 60.0, 15.0)


def test_an_event_shows_what_was_seen_at_its_peak() -> None:
    rows = scored("v", [(4, EARLIER, 9.0), (5, WEAK, 1.0), (5, STRONG, 7.25)], reach=2)
    happening = event(4, 7, box=STRONG)
    line = timeline(np.linspace(0, 4, 10), threshold=2.0, events=(happening,), rows=rows)
    expected = annotate(
        grey(80),
        [WEAK, STRONG],
        labels=["", "7.25"],
        odd=[1],
        title="cart",
        time=0.5,
        gauge=Gauge(float(line.scores[5]), 0.0, 4.0, 2.0),
    )
    np.testing.assert_array_equal(annotate_event(grey(80), line, happening, "cart"), expected)


def test_an_event_without_a_box_has_nothing_that_stands_out() -> None:
    line = timeline(np.linspace(0, 4, 10), rows=scored("v", [(5, WEAK, 1.0)]))
    drawn = annotate_event(grey(80), line, event(4, 7))
    assert not of_colour(drawn[:480], canvas.SPOT).any()
    empty = annotate_event(grey(80), replace(line, scored=scored("v")), event(4, 7))
    assert (empty[:480] == 80).all()


def written(text: str, at: tuple[float, float], size: tuple[int, int] = (200, 40)) -> Image.Image:
    picture = Image.new("RGB", size)
    write(picture, text, at, 20, canvas.PAPER)
    return picture


def test_words_that_leave_the_picture_are_cut_off() -> None:
    whole = written("bicycle", (60, 25))
    for left, top in ((70, 0), (0, 15), (130, 20)):
        part = written("bicycle", (60 - left, 25 - top), (200 - left, 40 - top))
        np.testing.assert_array_equal(np.array(part), np.array(whole.crop((left, top, 200, 40))))
    assert whole.getbbox() is not None


@given(st.text(st.characters(codec="latin-1"), min_size=1, max_size=8), st.booleans())
@settings(deadline=None, max_examples=40)
def test_words_take_the_room_that_was_measured(text: str, bold: bool) -> None:
    picture, room = Image.new("RGB", (400, 60)), width(text, 20, bold)
    write(picture, text, (50, 40), 20, canvas.PAPER, bold=bold)
    left, top, right, bottom = picture.getbbox() or (50, 40, 50, 40)
    assert 48 <= left <= right <= 50 + room + 2
    assert 40 - 22 <= top <= bottom <= 40 + 6


@given(
    st.floats(0, 60),
    st.floats(0, 44),
    st.text(st.characters(codec="latin-1"), min_size=1, max_size=40).filter(lambda text: bool(legible(text).strip())),
)
@settings(deadline=None, max_examples=40)
def test_a_label_is_inside_the_picture_and_its_letters_inside_their_ground(x: float, y: float, label: str) -> None:
    box = [(x, y, x + 4, y + 4)]
    plain, tagged = annotate(grey(0), box), annotate(grey(0), box, labels=[label])
    rows, columns = np.nonzero((plain != tagged).any(axis=2))
    ground = tagged[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    for edge in (ground[:1], ground[-1:], ground[:, :1], ground[:, -1:]):
        assert of_colour(edge, canvas.SPOT).all()
    assert rows.max() < 480
    assert not of_colour(ground, canvas.SPOT).all()


@given(st.text(max_size=60), st.floats(0, 400), st.booleans())
@settings(max_examples=50)
def test_shortened_words_fit(text: str, room: float, bold: bool) -> None:
    short = shortened(text, room, 20, bold)
    assert width(short, 20, bold) <= room or not short
    assert text.startswith(short.removesuffix("…").rstrip()) or text == short


def test_no_letter_is_missing_silently() -> None:
    assert legible("a\x00b\u9580c") == "a b□c"
