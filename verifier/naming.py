"""What the document in question is called. Only the registry's record says that something is a permit.

Messages name it in the gaps `{kind}` and, where a sentence begins, `{Kind}`. A QR statement names a pack and no kind:
of what the registry holds no record of, be it unknown or out of reach, every message says "dokumen".
"""

from typing import Final

from registry.formats.language import translations
from registry.formats.record import Kind
from registry.formats.spoken import word
from verifier.catalogue import N_

_UNKNOWN: Final = N_("dokumen")


def named(kind: Kind | None, language: str) -> dict[str, str]:
    """What stands in the gaps."""
    name = translations("verifier", language).gettext(_UNKNOWN) if kind is None else word(kind, language)
    return {"kind": name, "Kind": name[:1].upper() + name[1:]}


def said(message: str, kind: Kind | None, language: str) -> str:
    """A message in one language, its gaps filled; it has no others."""
    return translations("verifier", language).gettext(message).format_map(named(kind, language))
