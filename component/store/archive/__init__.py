"""Reading: what somebody sees of the archive, messages one by one, conversations, transcripts, numbers."""
