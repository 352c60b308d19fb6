"""The page as text: all that it needs is in it, names are only names, and pictures keep to their room."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oddframe.errors import DataError, VideoError
from oddframe.report import Compared, Facts, Filmed, NormalMoment, Page, render, video_part, with_near
from oddframe.report.gather import LEFT_OUT
from oddframe.report.near import CHANGED, GONE, TOO_LARGE
from oddframe.report.render import chance, score_range
from oddframe.types import Frame, Timeline
from oddframe.video import ArrayVideo
from tests.draw.cases import timelines
from tests.report.pages import FRAMES, SCALE, film, masked, page, part, renamed, told


class Reader(HTMLParser):
    """Collects tags with their attributes, scripts apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def without_plotly(html: str) -> str:
    """The page without the one long script that is not ours."""
    return re.sub(r"<script>/\*\*\s*\* plotly\.js.*?</script>", "", html, flags=re.DOTALL)


def read(made: Page) -> Reader:
    return Reader(without_plotly(render(made)))


def data_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    loaded: dict[str, Any] = json.loads(found.group(1), parse_constant=pytest.fail)
    return loaded


@pytest.fixture(autouse=True)
def no_plotly(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Most tests look at our own words, which are one part in a hundred."""
    if "with_plotly" not in request.fixturenames:
        monkeypatch.setattr("plotly.offline.get_plotlyjs", lambda: "/** * plotly.js */")


@pytest.fixture
def with_plotly() -> None:
    """Asked for by a test that wants all of it."""


@pytest.mark.usefixtures("with_plotly")
def test_everything_is_in_the_page_and_nothing_may_be_asked_for() -> None:
    html = render(page(part(told())))
    ours = Reader(without_plotly(html))
    assert len(html) - len(without_plotly(html)) > 1_000_000  # plotly itself, once
    for tag, attributes in ours.tags:
        for name in ("src", "href", "poster", "data", "srcset"):
            assert re.match(r"data:image/webp;base64,|#|$", attributes.get(name) or ""), (tag, attributes)
    policy = next(one["content"] for one in ours.named("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert not re.search(r"https?:|//\w", policy)
    assert not re.search(r"url\(|@import", "".join(ours.words))


NASTY = "<script>alert(1)</script>\" onload='x' {{ 7*7 }} </title> </style> <!-- & \u2028 ]]> \u202e gpj \u2066 \x1b[2J"
TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\x1b]")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20))
def test_a_name_is_only_a_name(more: str) -> None:
    """A file may be called anything; what it is called is shown, and does nothing."""
    name = NASTY + more
    near = NormalMoment(name, 3, 0.3, (0, 0, 9, 9), 1.5, missing=name)
    one = part(told(name), pictures=False, truth=masked(name, 20, 25))
    moment = replace(one.moments[0], kind=name, compared=Compared(name, None, (near,)))
    made = page(renamed(replace(one, moments=(moment,), note=name), name), title=name)
    facts = (Facts(name, ((name, name),)),)
    html = render(replace(made, made=name, failures=(name,), notes=(name,), facts=facts))
    plain = render(page(part(told("a"), pictures=False, truth=masked("a", 20, 25)), title="a"))
    seen, usual = Reader(without_plotly(html)), Reader(without_plotly(plain))
    assert len(seen.named("script")) == len(usual.named("script"))
    handlers = [key for _, attributes in seen.tags for key in attributes if key.startswith("on")]
    assert handlers == []
    assert "{{ 7*7 }}" in html
    assert not TURNING.search(without_plotly(html))
    assert "\\u202e gpj" in " ".join(seen.words)
    assert data_of(html)["videos"][0]["name"] == name


def test_what_is_odd_is_told_in_words_and_in_the_curve() -> None:
    html = render(page(part(told(), truth=masked("gate", 18, 28))))
    words_shown = re.sub(r"\s+", " ", " ".join(Reader(without_plotly(html)).words))
    for expected in ("1 event", "0:02.0 \u2013 0:03.0", "score 3.5, p 0.013", "ground truth: cart", "threshold of 1"):
        assert expected in words_shown
    (video,) = data_of(html)["videos"]
    assert video["gaps"] == [[5.0, 6.0, "dark"]]
    assert video["truth"] == [[1.8, 2.8, "cart"]]
    assert video["moments"] == [[2.0, 3.0, 2.5, "gate-20"]]
    assert video["s"][50:] == [None] * 10
    assert max(s for s in video["s"] if s is not None) == 3.5
    assert len(video["thumbnails"]) == len(video["frames"]) == 12  # every half second


def test_without_a_threshold_the_oddest_moments_are_shown_and_called_so() -> None:
    made = part(told(threshold=None))
    assert not made.events
    assert len(made.moments) >= 2
    assert max(made.moments, key=lambda one: one.score).frame == 25
    shown = " ".join(read(page(made, threshold=None)).words)
    assert "no threshold" in shown
    assert "Most anomalous moments" in shown
    assert "event</li>" not in shown


def test_a_quiet_video_shows_one_moment_and_says_that_it_is_no_event() -> None:
    made = part(told(odd=()))
    assert (made.count, len(made.moments)) == (0, 1)
    assert "No event" in " ".join(read(page(made)).words)


def test_without_pictures_there_is_the_curve_alone() -> None:
    """As for recordings of tracks or features."""
    reader = read(page(part(told(), pictures=False)))
    assert reader.named("image") == []
    assert "No picture" in " ".join(reader.words)
    assert len([one for one in reader.named("div") if one.get("class") == "chart"]) == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(timelines())
def test_any_timeline_becomes_a_page(timeline: Timeline) -> None:
    made = video_part(timeline, scale=SCALE)
    curve = made.curve
    assert made.seconds == len(timeline.scores) / 10
    assert made.highest is None or made.highest[0] == np.nanmax(timeline.scores)
    assert data_of(without_plotly(render(page(made))))["videos"][0]["s"] == curve["s"]


def test_a_flat_curve_of_a_huge_score_has_an_axis() -> None:
    made = part(told(), pictures=False)
    flat = replace(made, curve={**made.curve, "s": [3.4558e29], "threshold": None})
    low, high = score_range([flat])
    assert low < 3.4558e29 < high


def test_the_overview_begins_with_the_oddest_and_holds_numbers_to_sort_by() -> None:
    parts = [part(told(name, high=high), pictures=False) for name, high in (("low", 2.0), ("high", 9.0), ("mid", 4.0))]
    reader = read(page(*parts))
    values = [one["data-value"] for one in reader.named("th") if one.get("scope") == "row"]
    assert values == ["high", "mid", "low"]
    assert [one["href"] for one in reader.named("a")][1:4] == ["#v2", "#v3", "#v1"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 2.0])
def test_pictures_keep_to_their_room(share: float) -> None:
    """The oddest moments come first, and what is left out is said to be."""
    many = told(odd=tuple((start, start + 4) for start in range(2, 48, 8)))
    limit = round(share * sum(moment.bytes for moment in part(many).moments))
    made = part(many, limit=limit)
    taken = sum(one.picture.bytes for one in made.strip) + sum(moment.bytes for moment in made.moments)
    assert taken <= limit
    shown = [moment.shot is not None for moment in made.moments]
    assert (any(shown), all(shown)) == (share > 0, share > 1)
    assert all(moment.missing == LEFT_OUT for moment, there in zip(made.moments, shown, strict=True) if not there)


def test_a_frame_comes_with_its_map_and_its_box() -> None:
    shot = part(told()).moments[0].shot
    assert shot is not None
    assert shot.heat is not None
    assert shot.box == (10.0, 10.0, 30.0, 40.0)
    assert shot.view == (0.0, 0.0, 64.0, 48.0)
    assert shot.picture.width == 64


def test_a_video_that_is_another_one_by_now_is_refused() -> None:
    for now in (film("gate", FRAMES + 1), film("gate", FRAMES - 1)):
        with pytest.raises(VideoError, match=r"has changed since it was scored \(60 frames .* score it again"):
            video_part(told(), now, scale=SCALE)


def test_truth_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DataError, match="gate: truth of shape"):
        part(told(), truth={"gate": np.zeros(FRAMES + 1, np.bool_)})


def near(video: str, frame: int, seconds: float | None = None) -> NormalMoment:
    return NormalMoment(video, frame, frame / 10 if seconds is None else seconds, (5.0, 5.0, 20.0, 20.0), 1.0)


def test_normal_moments_are_pictured_where_their_videos_are_the_same_still() -> None:
    nearest = (near("monday", 7), near("tuesday", 7), near("monday", 9, seconds=0.3), near("monday", FRAMES + 9))
    made = part(told(), compared={25: Compared("steps", 1.0, nearest)})
    (moment,) = with_near([made], {"monday": film("monday")}, 1_000_000)[0].moments
    assert moment.compared is not None
    assert moment.compared.own is not None
    shown = moment.compared.nearest
    assert shown[0].shot is not None
    assert [one.missing for one in shown] == ["", GONE, CHANGED, CHANGED]
    (little,) = with_near([made], {"monday": film("monday")}, 10)[0].moments
    assert little.compared is not None
    assert little.compared.nearest[0].missing == TOO_LARGE
    html = render(page(*with_near([made], {"monday": film("monday")}, 1_000_000)))
    assert "monday, 0:00.7" in html
    assert GONE in html


def test_a_video_is_filmed_while_it_is_watched_and_only_once() -> None:
    class Counted(ArrayVideo):
        passes = 0

        def _pass(self) -> Iterator[Frame]:
            type(self).passes += 1
            return super()._pass()

    inner = Counted([np.full((48, 64, 3), index, np.uint8) for index in range(40)], fps=10, name="x")
    video = Filmed(inner)
    frames = [frame.index for frame in video]
    assert frames == list(range(40))
    assert Counted.passes == 1
    assert [one.frame for one in video.strip.pictures] == list(range(0, 40, 5))
    assert (video.info.frames, video.frame_at(3).image[0, 0, 0]) == (40, 3)


@given(st.floats(1e-9, 1.0))
def test_a_p_value_is_never_shown_smaller_than_it_is(p_value: float) -> None:
    assert float(chance(p_value).partition(" ")[0]) >= p_value * (1 - 1e-9)
