"""Observations on disk, keyed by what was observed and how: entries, shards, and the cache that hands them out."""
