"""CBCG: weak supervision by multiple instances, and clusters that remember earlier batches."""

from oddframe.models.cbcg.model import CBCG

__all__ = ["CBCG"]
