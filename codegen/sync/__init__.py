"""Generated files on disk: the header, the comparison, and the transaction that writes and deletes them."""
