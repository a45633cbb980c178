"""What it looks like: one module a figure, and the report that holds them all."""
