"""The command line: one small function for each command. Nothing else in the package prints."""
