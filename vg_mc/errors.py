"""The error of unusable input, with its file, its record and the problem."""

from pathlib import Path


class BadInputError(ValueError):
    """Raised for external input that cannot be used.

    Every reader raises this class, so that a command can print one line, or list the record as
    rejected, independently of the input format.

    Attributes:
        problem: What was expected and what was found.
        file: The file, None if the input is not a file.
        record: The record of the file, or the flag.
    """

    def __init__(self, problem: str, *, file: Path | str | None = None, record: str = "") -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.record = record
        where = ", ".join(part for part in (self.file, record) if part)
        super().__init__(f"{where}: {problem}" if where else problem)
