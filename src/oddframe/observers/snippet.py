"""The snippet observer: T frames through a backbone to one feature."""

from __future__ import annotations

from oddframe.backbones.base import Backbone
from oddframe.backbones.efficientnet import EfficientNetLite0
from oddframe.errors import SettingsError
from oddframe.observers.base import ObservationStream, Observer
from oddframe.observers.frame_crops import Box
from oddframe.observers.snippet_stream import SnippetStream
from oddframe.types import Field, Run, Spec, VideoInfo, Window


class Snippet(Observer):
    """Turns every `stride` seconds of video into one observation about the whole frame (paper LLSH, 3.1: T = 32).

    A video backbone gives one entry, `feature`. A picture backbone sees `samples` pictures of the snippet and gives
    two: `appearance`, their mean feature, and `change`, the mean absolute difference between neighbours, without
    which a man walking and a man running would look the same. Its snippet is about the middle frame.

    The backbone gets whole frames and squeezes them to what it wants; or it gets several crops of each, one after the
    other, and every entry has a row for each crop.

    Args:
        backbone: a picture or video backbone; EfficientNet-Lite0 at 224 x 224 where None is given.
        seconds: length of a snippet; 1.28 s are 32 frames at 25 frames a second.
        stride: seconds from one snippet to the next.
        samples: pictures per snippet, for a picture backbone; at least 2.
        batch: clips per run of the backbone; snippets wait for a full batch.
        length, step: `seconds` and `stride` in frames, instead of these: for protocols that are told in frames.
        crops: so many squares, as high as the frame, evenly along its width (or the other way round); 1 = no crops.
        boxes: crops of one's own instead, each x0 y0 x1 y1 in pixels of the source frame.

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
        length: int | None = None,
        step: int | None = None,
        crops: int = 1,
        boxes: tuple[Box, ...] = (),
    ) -> None:
        if seconds <= 0 or stride <= 0 or samples < 2 or batch < 1 or crops < 1 or (step is not None and step < 1):
            raise SettingsError("snippet: seconds, stride, batch, step and crops are above 0, and samples at least 2")
        self.backbone = backbone or EfficientNetLite0()
        if length is not None and length < max(2, self.backbone.frames):
            raise SettingsError(f"snippet: length {length} is under the {max(2, self.backbone.frames)} frames needed")
        self.seconds, self.stride, self.samples, self.batch = seconds, stride, samples, batch
        self.length, self.step, self.crops, self.boxes = length, step, crops, boxes

    @property
    def spec(self) -> Spec:
        size = Field((self.backbone.features,))
        if self.boxes or self.crops > 1:
            size = Field((len(self.boxes) or self.crops, self.backbone.features), crops=True)
        if self.backbone.frames > 1:
            return Spec({"feature": size})
        return Spec({"appearance": size, "change": size})

    def window(self, video: VideoInfo) -> Window:
        """The snippet at this frame rate; never under 2 frames, nor under what a video backbone takes."""
        length = self.length or max(2, self.backbone.frames, round(self.seconds * video.fps))
        stride = self.step or max(1, round(self.stride * video.fps))
        return Window(length=length, stride=stride, about=length // 2)

    def open(self, video: VideoInfo, run: Run = Run()) -> ObservationStream:
        """Start to observe a video. Raises `SettingsError` where a box reaches out of its frames."""
        return SnippetStream(self, video, run)
