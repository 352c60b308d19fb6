"""Pixels in, one feature vector out."""
