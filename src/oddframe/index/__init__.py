"""Nearest neighbours, exact and hashed: add, merge, query, forget, save."""
