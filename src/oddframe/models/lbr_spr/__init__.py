"""LBR-SPR: reconstruction learned from unlabelled video, where training leaves out what looks abnormal."""

from oddframe.models.lbr_spr.model import LBRSPR

__all__ = ["LBRSPR"]
