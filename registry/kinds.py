"""What kind of document a row is: one kind is never guessed, and what is unknown never passes for a permit."""

from registry.formats.errors import UnavailableError
from registry.formats.record import Kind


def kind_of(text: str) -> Kind:
    """The kind that a row names. Raises `UnavailableError` for one that this program does not know."""
    try:
        return Kind(text)
    except ValueError as error:
        raise UnavailableError(
            f"the registry holds a document of the kind {text!r}, which is not known here"
        ) from error
