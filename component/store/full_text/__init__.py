"""The words of messages, and finding them (A7)."""
