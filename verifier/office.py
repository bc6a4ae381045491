"""The office as the public pages name it."""

import dataclasses
import re


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PublicOffice:
    """Who answers, and how to reach them.

    `government` stands above the name; `web` is an address, with or without its scheme.
    """

    name: str
    phone: str
    email: str
    web: str
    government: str = ""
    address: tuple[str, ...] = ()

    @property
    def phone_link(self) -> str:
        """The telephone number as a link that a phone dials (RFC 3966), without the spaces and hyphens of print."""
        return "tel:" + re.sub(r"[^+0-9]", "", self.phone)

    @property
    def web_link(self) -> str:
        """The website as a link; https where the letterhead leaves the scheme out."""
        return self.web if "://" in self.web else f"https://{self.web}"
