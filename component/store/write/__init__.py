"""Writing: everything that is submitted at a time becomes one transaction (A5)."""
