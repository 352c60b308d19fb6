"""The report in a real browser: what its reader sees, presses and hears nothing of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from oddframe.cli import main
from oddframe.report import Compared, Facts, NormalMoment
from oddframe.report.write import write_page
from oddframe.types import clock
from tests.cli.browser import chromium, until
from tests.cli.running import film
from tests.report.pages import masked, page, part, told

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CHART = ".js-plotly-plot"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def report(browser: Browser, fitted: Path, footage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a quiet video, one with an event, and one with an event of another height."""
    folder = tmp_path_factory.mktemp("report")
    videos = [film(folder / "faster.mp4", 80), footage / "usual.mp4", footage.parent / "fast.mp4"]
    (folder / "truth.csv").write_text("video,start,end\nfast,1,2\n")
    asked = ["--normal", str(footage), "--truth", str(folder / "truth.csv"), "-o", str(folder)]
    with pytest.raises(SystemExit, match="0"):
        main(["report", str(fitted), *map(str, videos), *asked])
    return folder / "report.html"


@dataclass
class Visit:
    """An open report, and all that a browser complained of or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def at(self, script: str) -> Any:
        return self.page.evaluate(script)

    def check(self) -> None:
        """Nothing was complained of, and nothing but the page itself asked for."""
        assert self.complaints == []
        assert [url for url in self.requests[1:] if not url.startswith(("data:", "blob:"))] == []

    def draw_all(self) -> None:
        """Charts are drawn when they come into sight."""
        for section in self.page.locator("section.video").all():
            section.scroll_into_view_if_needed()
            section.locator(CHART).wait_for()


@pytest.fixture(scope="module")
def opened(browser: Browser, report: Path) -> Iterator[Visit]:
    """One page for most tests: reading 5 MB of script takes longer than all of them."""
    with visiting(browser, report) as made:
        yield made


@pytest.fixture
def visit(opened: Visit) -> Iterator[Visit]:
    """Whoever looks at a report must find no error in the console, and no request in the network."""
    opened.page.set_viewport_size({"width": 1200, "height": 800})
    yield opened
    opened.check()


@contextmanager
def visiting(browser: Browser, report: Path, scheme: Literal["light", "dark"] = "light") -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1200, "height": 800}, color_scheme=scheme)
    made = Visit(context.new_page())
    made.page.set_default_timeout(60_000)
    made.page.on(
        "console", lambda said: made.complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
    made.page.on("request", lambda asked: made.requests.append(asked.url))
    made.page.goto(report.as_uri())
    made.page.locator(CHART).first.wait_for()
    yield made
    made.check()
    assert made.requests[0] == report.as_uri()
    context.close()


def test_it_opens_offline_with_curves_and_events(visit: Visit) -> None:
    visit.draw_all()
    page = visit.page
    assert page.locator(CHART).count() == 3
    names = visit.at("[...document.querySelectorAll('.js-plotly-plot')].map(one => one.data.map(trace => trace.name))")
    assert names[0] == ["events", "event bars", "score", "threshold"]
    assert names[1] == ["score", "threshold"]  # quiet
    assert "ground truth" in names[2]
    drawn = (
        page.locator("section.video")
        .nth(2)
        .locator(".scatterlayer .js-line")
        .evaluate_all("lines => lines.map(line => line.getAttribute('d').length)")
    )
    assert max(drawn) > 100
    assert page.locator("section.video").nth(1).locator("h3").inner_text().startswith("No event")


def test_a_click_or_enter_on_an_event_shows_its_frame(visit: Visit) -> None:
    page = visit.page
    section = page.locator("section.video").nth(2)
    moments = section.locator(".moment")
    shown = section.locator(".detail:not([hidden])")
    assert shown.count() == 1  # the oddest is open
    page.evaluate("document.querySelectorAll('.detail').forEach(one => { one.hidden = true; })")
    moments.first.click()
    assert shown.get_attribute("id") == moments.first.get_attribute("aria-controls")
    assert moments.first.get_attribute("aria-expanded") == "true"
    picture = shown.locator(".stage svg image").first
    assert picture.is_visible()
    box = picture.bounding_box()
    assert box is not None
    assert box["width"] > 300
    assert str(picture.get_attribute("href")).startswith("data:image/webp;base64,")
    assert shown.locator(".near svg").count() >= 2
    page.evaluate("document.querySelectorAll('.detail').forEach(one => { one.hidden = true; })")
    moments.first.focus()
    page.keyboard.press("Enter")
    assert shown.count() == 1
    assert page.evaluate("location.hash") == f"#{moments.first.get_attribute('aria-controls')}"


def test_every_picture_can_be_seen(visit: Visit) -> None:
    """A data address that is cut or of an unknown kind would show nothing, and say nothing."""
    broken = visit.at(
        """async () => {
          const data = JSON.parse(document.getElementById("data").textContent);
          const uris = [...document.querySelectorAll("svg image")].map(one => one.getAttribute("href"));
          uris.push(...data.videos.flatMap(one => one.thumbnails));
          const load = uri => new Promise(done => {
            const image = new Image(); image.onload = () => done(image.naturalWidth > 0);
            image.onerror = () => done(false); image.src = uri; });
          const loaded = await Promise.all(uris.map(load));
          return [uris.length, loaded.filter(one => !one).length]; }"""
    )
    assert broken[0] > 30
    assert broken[1] == 0


def test_hovering_and_the_slider_show_the_nearest_thumbnail(visit: Visit) -> None:
    page = visit.page
    section = page.locator("section.video").nth(2)
    section.scroll_into_view_if_needed()
    section.locator(CHART).wait_for()
    area = section.locator(".nsewdrag").first.bounding_box()
    assert area is not None

    def reading() -> float:
        """The seconds that the reading shows, of a clock such as 0:03.2."""
        return float(section.locator(".reading b").inner_text()[2:])

    seen = []
    for share in (0.1, 0.9):
        page.mouse.move(area["x"] + share * area["width"], area["y"] + area["height"] / 2, steps=3)
        until(page, lambda share=share: abs(reading() - 4 * share) < 0.4)  # type: ignore[misc]
        seen.append(section.locator(".viewer img").get_attribute("src"))
    assert seen[0] != seen[1]
    slider = section.locator(".scrub")
    slider.focus()
    page.keyboard.press("Home")
    assert section.locator(".reading").inner_text().startswith("0:00.0")
    assert re.match(r"0:00\.0, score", slider.get_attribute("aria-valuetext") or "")
    first = section.locator(".viewer img").get_attribute("src")
    page.keyboard.press("End")
    assert section.locator(".viewer img").get_attribute("src") != first


def test_a_click_into_the_curve_opens_the_event_that_is_there(visit: Visit) -> None:
    page = visit.page
    section = page.locator("section.video").nth(0)
    section.scroll_into_view_if_needed()
    section.locator(CHART).wait_for()
    page.evaluate("document.querySelectorAll('.detail').forEach(one => { one.hidden = true; })")
    middle = visit.at(
        "(([from, to]) => (from + to) / 2 / 4)"
        "(JSON.parse(document.getElementById('data').textContent).videos[0].moments[0])"
    )
    area = section.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + middle * area["width"] - 5, area["y"] + 60)
    page.mouse.click(area["x"] + middle * area["width"], area["y"] + 60)
    section.locator(".detail:not([hidden])").wait_for()


def test_the_overview_sorts_by_click_and_by_key(visit: Visit) -> None:
    page = visit.page
    head = page.locator("#overview thead")

    def names() -> list[str]:
        return page.locator("#overview tbody th").all_inner_texts()

    first = names()
    assert first[-1] == "usual"
    assert head.locator("th").nth(1).get_attribute("aria-sort") == "descending"
    head.get_by_role("button", name="Highest score").click()
    assert names() == first[::-1]
    head.get_by_role("button", name="Video").focus()
    page.keyboard.press("Enter")
    assert names() == ["fast", "faster", "usual"]
    page.keyboard.press("Space")
    assert names() == ["usual", "faster", "fast"]
    assert head.locator("[aria-sort=descending]").count() == 1


def test_dark_is_what_the_system_wants_until_the_button_is_pressed(
    browser: Browser, report: Path, visit: Visit
) -> None:
    def look(page: Page) -> tuple[bool, str]:
        """Whether the ground is bright, and the colour of the curve."""
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        line = page.evaluate(
            "document.querySelector('.js-plotly-plot').data.find(one => one.name === 'score').line.color"
        )
        return sum(map(int, re.findall(r"\d+", ground))) > 380, line

    light, curve = look(visit.page)
    with visiting(browser, report, "dark") as night:
        assert light
        assert look(night.page)[0] is False
        assert look(night.page)[1] != curve
        night.page.locator("#theme").click()
        assert look(night.page) == (True, curve)


def test_a_narrow_screen_needs_no_scrolling_sideways(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 800})
    visit.draw_all()
    drawing = visit.page.locator(f"{CHART} .main-svg").first
    until(visit.page, lambda: width_of(drawing) < 360)
    assert visit.at("document.documentElement.scrollWidth") <= 360
    charts = visit.at("[...document.querySelectorAll('.js-plotly-plot')].map(one => one.clientWidth)")
    assert all(200 < width < 360 for width in charts)


def width_of(one: Locator) -> float:
    box = one.bounding_box()
    return 0 if box is None else box["width"]


def test_an_address_leads_to_its_event(visit: Visit) -> None:
    key = visit.page.locator("section.video").nth(2).locator(".moment").first.get_attribute("aria-controls")
    visit.at("document.querySelectorAll('.detail').forEach(one => { one.hidden = true; })")
    visit.at("scrollTo(0, 0); history.replaceState(null, '', '#')")
    # As a link does; a new address set by a script that waits for an answer may take the answer's place away.
    visit.at(f"void setTimeout(() => {{ location.hash = '{key}'; }}, 0)")
    visit.page.locator(f"#{key}").wait_for()
    section = visit.page.locator("section.video").nth(2)
    until(visit.page, lambda: (section.bounding_box() or {"y": 1e9})["y"] < 500)


def test_on_paper_every_event_is_told_and_nothing_is_a_button(visit: Visit) -> None:
    page = visit.page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(CHART).count() == 3
    assert all(one.is_visible() for one in page.locator(".detail").all())
    assert not any(one.is_visible() for one in page.locator("#theme, .scrub, .moment").all())
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_the_page_writes_times_as_everything_else_does(visit: Visit) -> None:
    """Its script has a clock of its own, which must round as `oddframe.types.clock` rounds."""
    seconds = [hundredths / 100 for hundredths in range(0, 720_000, 7)] + [0.05, 59.95, 3599.95, 86399.99]
    shown = visit.page.evaluate("all => all.map(one => [clock(one), clock(one, 0)])", seconds)
    assert shown == [[clock(one), clock(one, 0)] for one in seconds]


NASTY = (
    "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
    "\" onload=\"document.title = 'taken'\" ' {{ 7*7 }} \u202e gpj.exe"
)


def test_names_and_metadata_do_nothing(browser: Browser, tmp_path: Path) -> None:
    near = NormalMoment(NASTY, 3, 0.3, (0, 0, 9, 9), 1.5, missing=NASTY)
    one = part(told(NASTY), truth=masked(NASTY, 20, 25), compared={25: Compared(NASTY, 1.0, (near,))})
    whole = page(replace(one, note=NASTY), title=NASTY)
    facts = (Facts(NASTY, ((NASTY, NASTY),)),)
    file = write_page(tmp_path, replace(whole, made=NASTY, failures=(NASTY,), notes=(NASTY,), facts=facts))
    with visiting(browser, file) as seen:
        seen.draw_all()
        assert seen.page.title() == NASTY.replace("\u202e", "\\u202e")
        assert seen.page.locator("h2").first.inner_text() == seen.page.title()
        assert seen.page.locator("script").count() == 4
        names = set(seen.at("[...document.querySelectorAll('*')].flatMap(one => one.getAttributeNames())"))
        assert not [name for name in names if name.startswith("on")]
        assert seen.at("document.querySelectorAll('img[src=x]').length") == 0
