"""Whether the camera itself is well: a frame that shows nothing is not scorable, which differs from normal."""

from oddframe.video.health.camera import CameraHealth, HealthStream
from oddframe.video.health.view import View

__all__ = ["CameraHealth", "HealthStream", "View"]
