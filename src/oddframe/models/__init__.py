"""Observations in, one score each out."""
