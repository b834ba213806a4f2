"""Ad-hoc commands, one file each. ``command_list`` has them all."""
