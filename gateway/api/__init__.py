"""HTTP in: one module per resource parses, calls one use case and renders."""
