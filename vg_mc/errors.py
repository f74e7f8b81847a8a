"""What we say when the input is wrong: which file, which record, and what was expected."""

from pathlib import Path


class BadInputError(ValueError):
    """Input from outside that cannot be used as it is.

    Every reader raises this one class, so that a command can print one clear line, or list the
    record as rejected, without knowing the format that it came from.
    """

    def __init__(self, problem: str, *, file: Path | str | None = None, record: str = "") -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.record = record
        where = ", ".join(part for part in (self.file, record) if part)
        super().__init__(f"{where}: {problem}" if where else problem)

    def __reduce__(self) -> tuple[object, ...]:
        """Cross a process boundary whole: keyword arguments are lost by the default."""
        return _restore, (self.problem, self.file, self.record)


def _restore(problem: str, file: str | None, record: str) -> BadInputError:
    return BadInputError(problem, file=file, record=record)
