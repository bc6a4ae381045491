"""Errors split by culprit, so that whoever catches one knows whose turn it is.

A programmer's mistake stays a builtin error (`TypeError`, `ValueError`, `RuntimeError`) and is never caught.
"""

import datetime


class AbsahError(Exception):
    """Root of every error that Absah raises on purpose."""

    def text(self, language: str, zone: datetime.tzinfo | None = None) -> str:  # noqa: ARG002  # for heirs
        """The sentence for whoever reads `language`; English where it was not written for officers.

        `zone` is the clock for instants (`registry.formats.spoken`).
        """
        return str(self)


class DocumentError(AbsahError):
    """What someone handed in is wrong: a decision, a statement, a file. Asking again changes nothing."""


class UnavailableError(AbsahError):
    """What the process stands on is missing or refuses: disk, database, key, child process. Try again later."""
