"""What is past its time, and what is kept nevertheless (A8)."""
