"""The value objects that flow from room to room: frozen, shape-checked, imported by all and importing none of ours."""

from oddframe.types.arrays import BoolArray, FloatArray, ImageArray, IntArray, Json, frozen_array
from oddframe.types.clock import clock, duration, read_clock
from oddframe.types.frames import Boxes, Frame, Medium, VideoId, VideoInfo
from oddframe.types.hot_spots import HotSpots
from oddframe.types.observations import Field, Observations, Spec
from oddframe.types.run import Precision, Progress, Run
from oddframe.types.settings import Configured, Outside
from oddframe.types.timeline import Event, Scored, Timeline, event_id
from oddframe.types.times import Seconds, Times, position
from oddframe.types.values import FrozenMapping, Value
from oddframe.types.windows import HALF, Window, Windows, earlier, later, on_grid

__all__ = [
    "HALF",
    "BoolArray",
    "Boxes",
    "Configured",
    "Event",
    "Field",
    "FloatArray",
    "Frame",
    "FrozenMapping",
    "HotSpots",
    "ImageArray",
    "IntArray",
    "Json",
    "Medium",
    "Observations",
    "Outside",
    "Precision",
    "Progress",
    "Run",
    "Scored",
    "Seconds",
    "Spec",
    "Timeline",
    "Times",
    "Value",
    "VideoId",
    "VideoInfo",
    "Window",
    "Windows",
    "clock",
    "duration",
    "earlier",
    "event_id",
    "frozen_array",
    "later",
    "on_grid",
    "position",
    "read_clock",
]
