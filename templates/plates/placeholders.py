"""What stands on a page in place of values while it is laid out: one word for each line of each block.

It begins with a letter that no office prints, so that it is told from every other text. It has lower case and capitals,
digits and a letter that has no capital: whatever transforms text on a page changes it, and is found by that.
"""

import itertools
from typing import Final

LEAD: Final = "ƾ"  # U+01BE
MARK: Final = LEAD + LEAD
LETTERS: Final = 6
_CAPITALS: Final = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
# Without letters that join with their neighbours.
ALPHABET: Final = "0123456789" + _CAPITALS + "abcdeghkmnopqrsuvwxyz"
_BLOCKS: Final = ["".join(pair) for pair in itertools.product(_CAPITALS, ALPHABET)]
_LINES: Final = ["".join(pair) for pair in itertools.product(ALPHABET, repeat=2)]
_BLOCK_OF: Final = {code: index for index, code in enumerate(_BLOCKS)}
_LINE_OF: Final = {code: index for index, code in enumerate(_LINES)}
MAX_BLOCKS: Final = len(_BLOCKS)
MAX_LINES: Final = len(_LINES)


def of(block: int, line: int) -> str:
    """The word for a line (from 0) of a block (from 0). Raises `IndexError` beyond `MAX_BLOCKS` and `MAX_LINES`."""
    return f"{LEAD}a{_BLOCKS[block]}{_LINES[line]}"


def read(text: str) -> tuple[int, int] | None:
    """Block and line of a placeholder, None for any other text."""
    if len(text) != LETTERS or not text.startswith(f"{LEAD}a"):
        return None
    block, line = _BLOCK_OF.get(text[2:4]), _LINE_OF.get(text[4:6])
    return None if block is None or line is None else (block, line)


def read_mark(text: str) -> int | None:
    """The number of the page whose catchword's place this text marks, None for any other text."""
    number = text.removeprefix(MARK)
    return int(number) if text.startswith(MARK) and number.isascii() and number.isdigit() else None
