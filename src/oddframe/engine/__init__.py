"""Runs the line from video to decision: fit, score, save."""
