"""oddframe finds what does not belong in video."""

__version__ = "0.1.0"
