"""Pictures of what was found: score curves, annotated frames, sheets of them."""
