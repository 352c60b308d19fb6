"""The conformance checks that every observer and model must pass; for tests alone."""
