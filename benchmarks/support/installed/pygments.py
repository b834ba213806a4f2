"""pytest brings pygments, and slixmpp loads 3 MB of it to colour its log, where it is there."""

raise ImportError(__doc__)
