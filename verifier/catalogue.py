"""The mark for message ids that are translated later, when the reader's language is known."""


def N_(message: str) -> str:  # noqa: N802  # the name that gettext's tools look for
    """`message` itself; its use puts the text into the catalogue."""
    return message
