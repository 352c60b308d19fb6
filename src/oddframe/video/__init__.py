"""Files, folders and arrays in, frames out."""

from oddframe.video.array import ArrayVideo
from oddframe.video.base import ASSUMED_FPS, Video
from oddframe.video.features import FeatureVideo
from oddframe.video.find import find_videos, open_video
from oddframe.video.health import CameraHealth, HealthStream, View
from oddframe.video.joined import JoinedVideo, join_videos
from oddframe.video.limits import Limits
from oddframe.video.mask import Mask
from oddframe.video.tracks import TrackVideo, open_tracks
from oddframe.video.write import write_image, write_video

__all__ = [
    "ASSUMED_FPS",
    "ArrayVideo",
    "CameraHealth",
    "FeatureVideo",
    "HealthStream",
    "JoinedVideo",
    "Limits",
    "Mask",
    "TrackVideo",
    "Video",
    "View",
    "find_videos",
    "join_videos",
    "open_tracks",
    "open_video",
    "write_image",
    "write_video",
]
