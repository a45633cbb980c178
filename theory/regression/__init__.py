"""Linear regression: its law, and the exact theory of its collapse, one module a regime."""
