"""Pages from templates: the one place where text becomes markup, always escaped."""

import dataclasses
import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from registry.formats.language import LANGUAGES, SOURCE, translations
from registry.formats.record import Destruction, Kind
from verifier import sentences
from verifier.catalogue import N_
from verifier.negotiation import LANGUAGE_PARAMETER, language, wants_json
from verifier.office import PublicOffice
from verifier.presenter import VerdictView
from verifier.uploads import ACCEPTED_TYPES, DATE_FIELD, FILE_FIELD, UploadError

STATIC_FOLDER: Final = Path(__file__).parent / "static"
_PAGES_FOLDER: Final = Path(__file__).parent / "pages"

_YEAR_SECONDS: Final = 365 * 24 * 3600
_VARY: Final = "Accept, Cookie"

_LANGUAGE_NAMES: Final = {"id": "Bahasa Indonesia", "en": "English"}


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong, and what helps; message ids."""

    problem: str
    remedy: str


FIELD_TROUBLES: Final[Mapping[str, Trouble]] = {
    "no_file": Trouble(
        N_("Belum ada berkas yang dipilih."),
        N_("Pilih PDF izin, atau foto yang memperlihatkan kode QR-nya, lalu tekan “Periksa berkas”."),
    ),
    "too_large": Trouble(
        N_("Berkas itu lebih besar dari {megabytes} MB."),
        N_("Kirim PDF aslinya, atau foto dengan ukuran yang lebih kecil."),
    ),
    "wrong_kind": Trouble(
        N_("Berkas itu bukan PDF dan bukan foto JPEG, PNG atau WebP."),
        N_("Kirim PDF aslinya. Foto dari iPhone: kirim sebagai JPEG, atau kirim tangkapan layarnya."),
    ),
    "malformed": Trouble(
        N_("Kiriman itu tidak sampai dengan utuh."),
        N_("Pilih berkasnya sekali lagi, lalu kirim ulang."),
    ),
    "slow": Trouble(
        N_("Kiriman itu terlalu lama sampainya."),
        N_("Coba lagi di tempat dengan sambungan yang lebih baik, atau kirim berkas yang lebih kecil."),
    ),
    "bad_date": Trouble(
        N_("Tanggal itu tidak dikenali."),
        N_("Tulis tanggal sebagai tahun-bulan-hari, misalnya 2026-03-12, atau kosongkan."),
    ),
}

_DAY_NOT_ARRIVED: Final = Trouble(
    N_("Tanggal yang ditanyakan tidak sampai dengan utuh."),
    N_("Pindai sekali lagi kode QR pada izin, lalu isi tanggalnya di sana."),
)

PAGE_TROUBLES: Final[Mapping[str, Trouble]] = {
    "not_found": Trouble(
        N_("Halaman ini tidak ada."),
        N_("Pindai sekali lagi kode QR pada izin, atau unggah berkasnya di halaman depan."),
    ),
    "no_document": Trouble(
        N_("Berkas ini tidak tersedia di sini."),
        N_(
            "Berkas hanya diberikan untuk kode QR asli dari dokumen yang sudah diterbitkan. Tanyakan kepada kantor ini."
        ),
    ),
    "not_public_yet": Trouble(
        N_("Dokumen ini baru diterbitkan dan belum masuk catatan publik."),
        N_("Tunggu satu menit, lalu buka halaman ini sekali lagi. Sesudah itu berkasnya dapat diunduh."),
    ),
    "not_possible": Trouble(
        N_("Permintaan ini tidak dapat dilayani."),
        N_("Mulai lagi dari halaman depan."),
    ),
    "bad_date": FIELD_TROUBLES["bad_date"],
    "malformed": _DAY_NOT_ARRIVED,
    "slow": _DAY_NOT_ARRIVED,
}


_STATUS_IS_LEFT: Final = N_("Nomor dan statusnya masih tercatat. Tanyakan kepada kantor ini kalau perlu.")


class Pages:
    """Renders every page of the public door, in the language of the request."""

    def __init__(self, *, office: PublicOffice, simulation: bool, upload_bytes: int) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_PAGES_FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["breakable"] = _breakable
        style = (STATIC_FOLDER / "style.css").read_bytes()
        self._megabytes = upload_bytes // (1024 * 1024)
        self._environment.globals |= {
            "office": office,
            "server_simulation": simulation,
            "megabytes": self._megabytes,
            "accepted": ",".join(ACCEPTED_TYPES),
            "file_field": FILE_FIELD,
            "date_field": DATE_FIELD,
            # The address changes with the content, so that a browser may keep the file.
            "style_version": hashlib.sha256(style).hexdigest()[:12],
        }

    def home(self, request: Request) -> Response:
        """The first page, with the upload form."""
        return self._page(request, "home.html", 200, {}, trouble=None, typed_day="")

    def upload_error(self, request: Request, error: UploadError) -> Response:
        """The form again, with what is wrong beside the field."""
        if wants_json(request):
            said = self._said(request, FIELD_TROUBLES[error.code])
            return self._json_error(error.code, said, error.status, {})
        return self._page(
            request,
            "home.html",
            error.status,
            {},
            trouble=self._said(request, FIELD_TROUBLES[error.code]),
            at_date=error.code == "bad_date",
            typed_day=error.typed_day,
        )

    def error(self, request: Request, code: str, status: int, *, headers: Mapping[str, str] | None = None) -> Response:
        """A page that says what is not there and where to go on."""
        return self._error(request, code, self._said(request, PAGE_TROUBLES[code]), status, headers or {})

    def destroyed(self, request: Request, destroyed: Destruction, kind: Kind) -> Response:
        """A page that says that a document's files were destroyed, and by which minutes."""
        spoken = language(request)
        remedy = translations("verifier", spoken).gettext(_STATUS_IS_LEFT)
        said = Trouble(sentences.destruction(destroyed, kind, spoken), remedy)
        return self._error(request, "destroyed", said, HTTPStatus.GONE, {})

    def verdict(
        self,
        request: Request,
        view: VerdictView,
        *,
        status: int,
        headers: Mapping[str, str],
        download: str | None,
        proof: str | None,
        registered: str | None,
        again: str | None,
        from_code: bool,
        typed_day: str,
    ) -> Response:
        """The page of one verdict.

        `download` is the address of the registered file, `proof` that of the proof of its issue, `registered` that of
        the registered permit's own page, each where it may be had; `again` is this page's own address, where asking
        again soon will help. `from_code` says that this is such a page itself, `typed_day` what stands in its date
        field.
        """
        return self._page(
            request,
            "verdict.html",
            status,
            headers,
            view=view,
            download=download,
            proof=proof,
            registered=registered,
            again=again,
            from_code=from_code,
            typed_day=typed_day,
        )

    def _page(
        self, request: Request, template: str, status: int, headers: Mapping[str, str], **context: object
    ) -> Response:
        spoken = language(request)
        html = self._environment.get_template(template).render(
            context
            | {
                "_": translations("verifier", spoken).gettext,
                "language": spoken,
                "switches": _switches(spoken),
                "href": lambda path: path if spoken == SOURCE else f"{path}?{LANGUAGE_PARAMETER}={spoken}",
            }
        )
        response = HTMLResponse(html, status, {**headers, "Vary": _VARY, "Content-Language": spoken})
        if request.query_params.get(LANGUAGE_PARAMETER) == spoken:
            response.set_cookie(
                LANGUAGE_PARAMETER,
                spoken,
                max_age=_YEAR_SECONDS,
                secure=request.url.scheme == "https",
                httponly=True,
                samesite="lax",
            )
        return response

    def _said(self, request: Request, trouble: Trouble) -> Trouble:
        translate = translations("verifier", language(request)).gettext
        return Trouble(translate(trouble.problem).format(megabytes=self._megabytes), translate(trouble.remedy))

    def _error(self, request: Request, code: str, said: Trouble, status: int, headers: Mapping[str, str]) -> Response:
        if wants_json(request):
            return self._json_error(code, said, status, headers)
        return self._page(request, "error.html", status, headers, trouble=said)

    def _json_error(self, code: str, said: Trouble, status: int, headers: Mapping[str, str]) -> Response:
        body = {"error": {"code": code, "message": said.problem, "remedy": said.remedy}}
        return JSONResponse(body, status, {**headers, "Vary": _VARY})


def _breakable(text: str) -> Markup:
    """`text`, escaped, with places to break after the slashes of a number, which is too long for a phone."""
    return Markup(escape(text).replace("/", Markup("/<wbr>")))  # noqa: S704  # escaped just here


def _switches(spoken: str) -> list[tuple[str, str, str, bool]]:
    """Every language: code, own name, address, whether it is the one shown.

    The result of a form has no address of its own; from there the switch leads to the page that held the form.
    """
    return [
        (code, _LANGUAGE_NAMES[code], f"?{urlencode({LANGUAGE_PARAMETER: code})}", code == spoken) for code in LANGUAGES
    ]
