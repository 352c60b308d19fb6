"""The value objects that flow from room to room: frozen, shape-checked, imported by all and importing none of ours."""

from oddframe.types.arrays import BoolArray, FloatArray, ImageArray, IntArray, Json, frozen_array
from oddframe.types.clock import clock, duration, read_clock
from oddframe.types.frames import Boxes, Frame, Medium, VideoId, VideoInfo, Window
from oddframe.types.map_regions import MapRegions
from oddframe.types.observations import Field, Observations, Spec
from oddframe.types.run import Precision, Progress, Run
from oddframe.types.settings import Configured
from oddframe.types.timeline import Event, Scored, Timeline, event_id

__all__ = [
    "BoolArray",
    "Boxes",
    "Configured",
    "Event",
    "Field",
    "FloatArray",
    "Frame",
    "ImageArray",
    "IntArray",
    "Json",
    "MapRegions",
    "Medium",
    "Observations",
    "Precision",
    "Progress",
    "Run",
    "Scored",
    "Spec",
    "Timeline",
    "VideoId",
    "VideoInfo",
    "Window",
    "clock",
    "duration",
    "event_id",
    "frozen_array",
    "read_clock",
]
