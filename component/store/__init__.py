"""Conversations and messages on disk. ``store.Store`` is the door, ``changes`` what goes in."""
