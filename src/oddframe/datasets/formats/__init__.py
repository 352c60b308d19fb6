"""Parsers of the files that benchmarks are packed in: labels, boxes, masks, tracks, frame folders."""
