"""Files, folders and arrays in, frames out."""

from oddframe.video.array import ArrayVideo
from oddframe.video.base import Video
from oddframe.video.features import FeatureVideo
from oddframe.video.find import find_videos
from oddframe.video.health import CameraHealth, HealthStream, View
from oddframe.video.mask import Mask
from oddframe.video.mot import open_tracks
from oddframe.video.rates import ASSUMED_FPS
from oddframe.video.sources import open_video
from oddframe.video.tracks import TrackVideo
from oddframe.video.windows import (
    about_frame,
    about_frames,
    members,
    span_of,
    window_about,
    window_count,
    window_for,
    windows_over,
)
from oddframe.video.write import write_image, write_video

__all__ = [
    "ASSUMED_FPS",
    "ArrayVideo",
    "CameraHealth",
    "FeatureVideo",
    "HealthStream",
    "Mask",
    "TrackVideo",
    "Video",
    "View",
    "about_frame",
    "about_frames",
    "find_videos",
    "members",
    "open_tracks",
    "open_video",
    "span_of",
    "window_about",
    "window_count",
    "window_for",
    "windows_over",
    "write_image",
    "write_video",
]
