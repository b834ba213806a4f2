"""What people's clients ask of hosts and faces, apart from messages and presence."""
