"""Where something is that is worth a look: boxes of what moves, and of what a detector knows."""
