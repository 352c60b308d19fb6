"""LGN-Net: what comes next in a video, predicted from its last frames and from a memory of all normal ones."""

from oddframe.models.lgn.model import LGN

__all__ = ["LGN"]
