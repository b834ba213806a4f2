"""What clients ask hosts and faces for, apart from messages and presence. Nothing here knows the stream."""
