"""The web part: what links open, and what operators watch (C5, C10, O4)."""
