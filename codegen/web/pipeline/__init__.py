"""A pipeline's page, with a module for each of its parts."""
