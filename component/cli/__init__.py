"""The command line: ``deskbridge`` and its commands."""
