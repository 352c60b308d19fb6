"""LBR-SPR: what cannot be rebuilt is odd, learnt from unlabelled video while leaving out what looks abnormal."""

from oddframe.models.lbr_spr.model import LBRSPR

__all__ = ["LBRSPR"]
