"""Object detectors: a picture in, boxes of what they know out."""

from oddframe.observers.detectors.base import Detections, ObjectDetector

__all__ = ["Detections", "ObjectDetector"]
