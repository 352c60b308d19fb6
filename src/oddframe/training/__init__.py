"""Optimisation: tensors in, trained networks out."""
