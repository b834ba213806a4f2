"""The web part: what links open, who may see what, hostile requests, and the page in a real browser."""
