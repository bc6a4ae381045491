"""The signature block: how someone's right to sign is written under a letter.

Definitive holders sign under their own title. An acting holder writes "Plt." (the post is vacant) or "Plh." (its holder
is away) before the title and their own name below it. One level down, "a.n." stands before the giver's title and the
signer's own title below it; responsibility stays with the giver.
"""

import re
import textwrap
from collections.abc import Sequence
from typing import Final

from registry.formats.record import MandateMode, MandateRecord
from templates import wording

PREFIXES: Final = {
    MandateMode.DEFINITIVE: "",
    MandateMode.PLT: "Plt.",
    MandateMode.PLH: "Plh.",
    MandateMode.AN: "a.n.",
}
_LINE: Final = 34
_DEGREE: Final = re.compile(r"(Prof|Dr|drg|drh|Drs|Dra|Ir|apt|Ns|H|Hj|KH|K\.H)\.", re.IGNORECASE)


def block(mandate: MandateRecord, *, head_title: Sequence[str], degrees: bool = True) -> dict[str, object]:
    """The block's texts: `prefix` before the first of the `title` lines, `own_title` lines, `name`, `rank`, `number`.

    `head_title` gives the line breaks where it says the same as the mandate's title. Without `degrees` the name stands
    bare, as Permendagri 1/2023 article 44(1) asks of decrees.
    """
    office_title = _lines(mandate.office_title, head_title)
    own_title = _lines(mandate.own_title.upper(), ()) if mandate.mode is MandateMode.AN else []
    (own_title or office_title)[-1] += ","
    return {
        "prefix": PREFIXES[mandate.mode],
        "title": office_title,
        "own_title": own_title,
        "name": mandate.person if degrees else bare_name(mandate.person),
        "rank": mandate.rank,
        "number": f"NIP {wording.employee_number(mandate.employee_number)}" if mandate.employee_number else "",
    }


def bare_name(person: str) -> str:
    """A name without what stands before it ("Drs. H.") and after its first comma ("S.E., M.Si.")."""
    words = person.partition(",")[0].split()
    while len(words) > 1 and _DEGREE.fullmatch(words[0]):
        del words[0]
    return " ".join(words)


def signer(mandate: MandateRecord) -> str:
    """The signer in one line: name, and the title under which they signed, not in the capitals of the page."""
    title = f"{PREFIXES[mandate.mode]} {wording.title_case(mandate.office_title)}".strip()
    if mandate.mode is MandateMode.AN:
        title = f"{wording.title_case(mandate.own_title)}, {title}"
    return f"{mandate.person}, {title}"


def _lines(title: str, known: Sequence[str]) -> list[str]:
    words = " ".join(title.rstrip(",").split())
    if words.casefold() == " ".join(known).casefold():
        return list(known)
    return textwrap.wrap(words, _LINE, break_long_words=False) or [words]
