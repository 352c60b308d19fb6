"""From scored observations to frame scores and events."""
