"""File access inside the boundary of a project: reads with a size limit, stamps, and directory walks."""

from codegen.files.boundary import Boundary, work_tree_of
from codegen.files.reading import (
    check_size,
    exists,
    is_file,
    is_folder,
    is_symlink,
    read_bytes,
    text_of,
    with_line_feeds,
)
from codegen.files.stamps import Stamp, stamp_of
from codegen.files.walking import Matches, glob, walk

__all__ = [
    "Boundary",
    "Matches",
    "Stamp",
    "check_size",
    "exists",
    "glob",
    "is_file",
    "is_folder",
    "is_symlink",
    "read_bytes",
    "stamp_of",
    "text_of",
    "walk",
    "with_line_feeds",
    "work_tree_of",
]
