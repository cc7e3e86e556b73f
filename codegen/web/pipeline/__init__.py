"""The page of a pipeline, with a module for each part."""
