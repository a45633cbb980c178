"""The categorical model: its law, and the exact theory of its collapse."""
