"""The mark for message ids that are translated later, when the reader's language is known."""

from registry.formats.language import N_

__all__ = ["N_"]
