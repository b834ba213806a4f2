"""Reading the files an operator writes: every problem found at once, each with its place."""
