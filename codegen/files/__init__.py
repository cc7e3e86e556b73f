"""The files that a project may read: inside its boundary, regular, and of a bounded size."""

from codegen.files.boundary import Boundary, work_tree_of
from codegen.files.reading import bounded, exists, is_file, is_folder, read_bytes, text_of, with_line_feeds
from codegen.files.walking import Matches, glob, walk

__all__ = [
    "Boundary",
    "Matches",
    "bounded",
    "exists",
    "glob",
    "is_file",
    "is_folder",
    "read_bytes",
    "text_of",
    "walk",
    "with_line_feeds",
    "work_tree_of",
]
