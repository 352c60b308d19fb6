"""The synthetic walkway as tracks: hundreds of videos, each with one label, and exact ground truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oddframe.datasets.base import DataSet, LabelledVideo, Split
from oddframe.errors import SettingsError
from oddframe.types import BoolArray, VideoInfo
from oddframe.video import Video
from oddframe.walkway import Walkway
from oddframe.walkway.scene import generator
from oddframe.walkway.tracked import tracked

KINDS = ("cyclist", "runner", "skateboarder", "cart pusher")
"""Those who pass, so that a video's length says which share of it is odd."""

_FPS, _PEOPLE = 8, 5.0


@dataclass(frozen=True, repr=False)
class WalkwayTracks(DataSet):
    """Simulated people on the walkway, as boxes of a tracker that makes errors; no pixel is drawn.

    For weak supervision: every second video of each split has events, training videos have one label each, testing
    videos also frame labels. An event lasts some four seconds (fifteen, where somebody passes at walking pace).

    Args:
        training, testing: the number of videos, >= 2 each.
        seconds: length of a video.
        events: in each abnormal video, of kinds drawn from `KINDS`.
        seed: of everything but the scene.

    Raises:
        SettingsError: too few videos or events.

    >>> [video.label for video in WalkwayTracks(training=4).videos("training")]
    [False, True, False, True]
    """

    name = "walkway-tracks"
    medium = "tracks"
    citation = "simulated by oddframe"

    training: int = 200
    testing: int = 100
    seconds: float = 60.0
    events: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.training, self.testing) < 2 or self.events < 1 or self.seed < 0:
            raise SettingsError(f"{self.name}: 2 videos of each split, an event and seed 0 are the least, not {self!r}")

    def _videos(self, split: Split) -> tuple[LabelledVideo, ...]:
        count = self.training if split == "training" else self.testing
        return tuple(self._video(split, number) for number in range(count))

    def _video(self, split: Split, number: int) -> LabelledVideo:
        random = generator(self.seed, split == "testing", number)
        scene, seed = Walkway(seconds=self.seconds, fps=_FPS, people=_PEOPLE), int(random.integers(2**31))
        odd = bool(number % 2)
        events = tuple(KINDS[int(kind)] for kind in random.integers(len(KINDS), size=self.events)) if odd else ()
        name = f"{split}-{number:04}"

        def opener() -> Video:
            return tracked(scene, seed, events, name)[0]

        return LabelledVideo(
            name, split, opener, _labeller(scene, seed, events) if split == "testing" else None, label=odd
        )


def _labeller(scene: Walkway, seed: int, events: tuple[str, ...]) -> Callable[[VideoInfo], BoolArray]:
    return lambda _: tracked(scene, seed, events)[1]
