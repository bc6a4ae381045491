"""What the client asked for besides the address: which language, page or JSON."""

import re
from typing import Final

from starlette.requests import Request

from registry.formats.language import LANGUAGES, SOURCE

LANGUAGE_PARAMETER: Final = "lang"


def language(request: Request) -> str:
    """The language of the answer: ``?lang=``, else the one chosen earlier, else Indonesian.

    Accept-Language is not asked: many phones here speak English by default to people who do not.
    """
    for choice in (request.query_params.get(LANGUAGE_PARAMETER), request.cookies.get(LANGUAGE_PARAMETER)):
        if choice in LANGUAGES:
            return choice
    return SOURCE


def wants_json(request: Request) -> bool:
    """Whether the client prefers JSON to a page (RFC 9110 12.5.1); a page where it does not care."""
    weights = {"application/json": 0.0, "text/html": 0.0}
    for part in request.headers.get("accept", "").split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_type in weights:
            weights[media_type] = _quality(parameters)
    return weights["application/json"] > weights["text/html"]


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        if match := re.fullmatch(r"q=([01](?:\.[0-9]{0,3})?)", parameter):
            return min(float(match[1]), 1.0)
    return 1.0
