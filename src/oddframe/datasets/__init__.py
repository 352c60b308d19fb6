"""Data sets: videos with their split and labels, one file for each benchmark."""
