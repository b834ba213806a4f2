"""The web server: links, health and metrics (C5, C10, O4)."""
