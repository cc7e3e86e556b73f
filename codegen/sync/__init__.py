"""The generated files and the disk: the header, the comparison, and the transaction that writes and prunes."""
