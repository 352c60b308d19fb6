"""Scores and labels in, figures out."""

from oddframe.metrics.boxes import DetectedRegions, TrueRegions
from oddframe.metrics.frame import RocCurve, auroc, average_precision, equal_error_rate, roc_curve
from oddframe.metrics.intervals import Figure, Interval, bootstrap_interval, micro_auroc_interval
from oddframe.metrics.macro import MacroAuroc, OneClassPolicy, macro_auroc, micro_auroc
from oddframe.metrics.operating import OperatingPoint, false_alarms_per_hour, operating_point
from oddframe.metrics.rbdc import DetectionCurve, rbdc, region_curve, tbdc, track_curve

__all__ = [
    "DetectedRegions",
    "DetectionCurve",
    "Figure",
    "Interval",
    "MacroAuroc",
    "OneClassPolicy",
    "OperatingPoint",
    "RocCurve",
    "TrueRegions",
    "auroc",
    "average_precision",
    "bootstrap_interval",
    "equal_error_rate",
    "false_alarms_per_hour",
    "macro_auroc",
    "micro_auroc",
    "micro_auroc_interval",
    "operating_point",
    "rbdc",
    "region_curve",
    "roc_curve",
    "tbdc",
    "track_curve",
]
