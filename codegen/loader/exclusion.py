"""The files and folders below the folder of schedules that the configuration excludes."""

from __future__ import annotations

from pathlib import PurePosixPath


class Exclusion:
    """Gitignore patterns; false if there are none."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        """Compile the patterns, which are valid."""
        self._patterns = patterns
        if patterns:
            # It takes 15 ms to import, and few projects need it.
            from pathspec import GitIgnoreSpec  # noqa: PLC0415

            self._spec = GitIgnoreSpec.from_lines(patterns)

    def __bool__(self) -> bool:
        """Whether anything is excluded."""
        return bool(self._patterns)

    def matches(self, relative: str, *, is_folder: bool = False) -> bool:
        """Whether a file or folder itself is excluded.

        Args:
            relative: its path below the folder of schedules, with forward slashes.
            is_folder: whether it is a folder; a pattern that ends in a slash matches only folders.
        """
        return bool(self) and self._spec.match_file(f"{relative}/" if is_folder else relative)

    def covers(self, relative: str) -> bool:
        """Whether a file is excluded, or a folder that contains it.

        Args:
            relative: its path below the folder of schedules, with forward slashes.
        """
        folders = [folder.as_posix() for folder in PurePosixPath(relative).parents if folder.name]
        return any(self.matches(folder, is_folder=True) for folder in folders) or self.matches(relative)
