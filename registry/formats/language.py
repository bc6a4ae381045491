"""The two languages of what officers and the public read: Indonesian is the source, English the translation.

Catalogues are gettext `.po` files inside each package, read as they are: there is no compiled copy that could
be out of date.
"""

import functools
import gettext
import importlib.resources
import io
from typing import Final

from babel.messages import mofile, pofile

SOURCE: Final = "id"
LANGUAGES: Final = ("id", "en")


def N_(message: str) -> str:  # noqa: N802  # the name that gettext's tools look for
    """`message` itself, marked as one that is translated later, when the reader's language is known."""
    return message


@functools.cache
def translations(package: str, language: str) -> gettext.NullTranslations:
    """The translations of `package` into `language`; the source language gives every message as it stands.

    A package inside another ("templates.packs.genset.v1") falls back on the translations of the outermost. Read once in
    a process: a catalogue is as fixed as the code. Raises `ValueError` for a language that is not one of `LANGUAGES`.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no such language: {language}")
    if language == SOURCE:
        return gettext.NullTranslations()
    outermost, _, rest = package.partition(".")
    path = importlib.resources.files(package) / "locale" / language / "LC_MESSAGES"
    path /= f"{package.rpartition('.')[2]}.po"
    catalog = pofile.read_po(io.BytesIO(path.read_bytes()), locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    mofile.write_mo(compiled, catalog)
    compiled.seek(0)
    found = gettext.GNUTranslations(compiled)
    if rest:
        found.add_fallback(translations(outermost, language))
    return found
