"""The files and folders below the folder of schedules that the configuration excludes."""

from __future__ import annotations

from pathlib import PurePosixPath


class Exclusion:
    """Gitignore patterns for paths below the folder of schedules, with forward slashes."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        """Compile valid patterns."""
        # It takes 15 ms to import, and few projects need it.
        from pathspec import GitIgnoreSpec  # noqa: PLC0415

        self._spec = GitIgnoreSpec.from_lines(patterns)

    def matches(self, relative: str, *, is_folder: bool = False) -> bool:
        """Whether a file or folder itself is excluded."""
        # A pattern that ends in a slash matches only folders.
        return self._spec.match_file(f"{relative}/" if is_folder else relative)

    def covers(self, relative: str) -> bool:
        """Whether a file is excluded, or a folder that contains it."""
        folders = [folder.as_posix() for folder in PurePosixPath(relative).parents if folder.name]
        return any(self.matches(folder, is_folder=True) for folder in folders) or self.matches(relative)
