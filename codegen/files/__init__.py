"""File access inside the boundary of a project: regular files up to a size limit, and directory walks."""

from codegen.files.boundary import Boundary, work_tree_of
from codegen.files.reading import check_size, exists, is_file, is_folder, read_bytes, text_of, with_line_feeds
from codegen.files.walking import Matches, glob, walk

__all__ = [
    "Boundary",
    "Matches",
    "check_size",
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
