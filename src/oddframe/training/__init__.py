"""Training: the one optimisation loop, its devices and processes, and its checkpoints."""
