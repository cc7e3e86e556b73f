"""The pages that save and delete schedule files."""
