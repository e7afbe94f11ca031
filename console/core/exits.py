"""How the commands end, as the shell sees it: one meaning to a number, whatever the command."""

from enum import IntEnum


class Exit(IntEnum):
    """The exit code of a command."""

    DONE = 0
    """Done, and nothing speaks against it: OK or off target, a journal that is whole, verifications that pass."""
    WARNING = 1
    """A WARNING, a test of rules that fails, or counts that are short because the search of a rule was given up."""
    CRITICAL = 2
    """A CRITICAL, a verification that does not pass, or a journal that is not as it was written."""
    UNKNOWN = 3
    """Nobody knows: nothing was measured, a disk or a source did not answer, or the program itself failed."""
    USAGE = 4
    """Wrong usage, a file that cannot be used, or refused: nothing was done."""
    FAILED = 5
    """An action failed, did not pass its verification, or ended in a way that nobody knows."""
    INTERRUPTED = 130
    """Somebody pressed Ctrl+C."""
