"""The snippet observer: T frames through a backbone to one feature."""

from __future__ import annotations

from oddframe.backbones.base import Backbone
from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.snippet_stream import SnippetStream
from oddframe.types import Field, Run, Spec, VideoInfo, Window


class Snippet(Observer):
    """Turns every `stride` seconds of video into one observation about the whole frame (paper LLSH, 3.1: T = 32).

    A video backbone gives one entry, `feature`. A picture backbone sees `samples` pictures of the snippet and gives
    two: `appearance`, their mean feature, and `change`, the mean absolute difference between neighbours, without
    which a man walking and a man running would look the same. Its snippet is about the middle frame.

    Args:
        backbone: a picture or video backbone; EfficientNet-Lite0 at 224 x 224 where None is given.
        seconds: length of a snippet; 1.28 s are 32 frames at 25 frames a second.
        stride: seconds from one snippet to the next.
        samples: pictures per snippet, for a picture backbone; at least 2.
        batch: clips per run of the backbone; snippets wait for a full batch.

    Raises:
        SettingsError: a value out of range.
    """

    name = "snippet"

    def __init__(
        self,
        *,
        backbone: Backbone | None = None,
        seconds: float = 1.28,
        stride: float = 0.32,
        samples: int = 4,
        batch: int = 4,
    ) -> None:
        if seconds <= 0 or stride <= 0 or samples < 2 or batch < 1:
            raise SettingsError("snippet: seconds, stride and batch must be positive, and samples at least 2")
        self.backbone = backbone or EfficientNetLite0()
        self.seconds, self.stride, self.samples, self.batch = seconds, stride, samples, batch

    @property
    def spec(self) -> Spec:
        size = Field((self.backbone.features,))
        if self.backbone.frames > 1:
            return Spec({"feature": size})
        return Spec({"appearance": size, "change": size})

    def window(self, video: VideoInfo) -> Window:
        """The snippet at this frame rate; never under 2 frames, nor under what a video backbone takes."""
        length = max(2, self.backbone.frames, round(self.seconds * video.fps))
        return Window(length=length, stride=max(1, round(self.stride * video.fps)), about=length // 2)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        return SnippetStream(self, video, run)
