"""Errors split by culprit, so that whoever catches one knows whose turn it is.

A programmer's mistake stays a builtin error (`TypeError`, `ValueError`, `RuntimeError`) and is never caught.
"""


class AbsahError(Exception):
    """Root of every error that Absah raises on purpose."""


class DocumentError(AbsahError):
    """What someone handed in is wrong: a decision, a statement, a file. Asking again changes nothing."""


class UnavailableError(AbsahError):
    """What the process stands on is missing or refuses: disk, database, key, child process. Try again later."""
