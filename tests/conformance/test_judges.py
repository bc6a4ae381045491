"""Programs written by others say whether our permits are right; and whether they would tell us if they were not.

EU DSS (ETSI EN 319 102-1), veraPDF (ISO 19005-3, ISO 14289-1) and poppler's pdfsig hear every signed sample, and
beside them files that are wrong in one way each. A judge that accepts one of those is no judge.
"""

import datetime
import io
import subprocess
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest
import weasyprint
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec

from keys.development import DevelopmentPki
from keys.handles import SoftwareKey
from signing.pades import Box, _HandleSigner, sign_certified

pytestmark = pytest.mark.conformance

ASK = Path(__file__).parent / "judges" / "ask"
SAMPLES = ["tower", "factory", "hospital"]
PERSON = "Drs. H. Contoh"


class Asked:
    """Files by name, and what each judge said of them: whether it accepted, and all its words."""

    def __init__(self, folder: Path, files: Mapping[str, bytes]) -> None:
        self._paths = {name: folder / f"{name}.pdf" for name in files}
        for name, path in self._paths.items():
            path.write_bytes(files[name])

    def ask(self, judge: str, *options: object) -> dict[str, tuple[bool, str]]:
        command = [ASK, judge, *options, *self._paths.values()]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr
        answers = {}
        for line in done.stdout.splitlines():
            word, file, *rest = line.split("\t")
            answers[Path(file).stem] = (word == "accepted", "; ".join(rest))
        assert answers.keys() == self._paths.keys(), done.stderr
        return answers


def _resigned(data: bytes, key: SoftwareKey, at: datetime.datetime) -> bytes:
    """The page under a signed permit, signed once more by another key."""
    unsigned = data[: data.index(b"%%EOF") + len(b"%%EOF\n")]
    box = Box(page=1, x1=320, y1=60, x2=520, y2=120)
    return sign_certified(unsigned, key=key, at=at, place=box, label="Tanda tangan elektronik")


def _with_a_changed_page(data: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    page = writer.find_page_for_modification(0)[0].get_object()
    page[pdf_name("/MediaBox")] = generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 300, 300)])
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _with_a_flipped_bit(data: bytes) -> bytes:
    flipped = bytearray(data)
    flipped[data.index(b"stream\n") + 40] ^= 1
    return bytes(flipped)


def _plainly_signed(data: bytes, key: SoftwareKey) -> bytes:
    """Signed as pyHanko does it unasked: a text stamp in a font that is not embedded, on an untagged widget."""
    unsigned = data[: data.index(b"%%EOF") + len(b"%%EOF\n")]
    metadata = signers.PdfSignatureMetadata(field_name="Stempel")
    field = SigFieldSpec("Stempel", on_page=0, box=(320, 60, 520, 120))
    return signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(unsigned)), metadata, signer=_HandleSigner(key), new_field_spec=field
    ).getvalue()


@pytest.fixture(scope="module")
def issued_at(office) -> datetime.datetime:
    return office.permits[0].record.issued_at


@pytest.fixture(scope="module")
def moment(issued_at: datetime.datetime) -> str:
    return (issued_at + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def pki(office) -> DevelopmentPki:
    return DevelopmentPki.load(office.home.keys)


@pytest.fixture(scope="module")
def asked(office, pki: DevelopmentPki, issued_at: datetime.datetime, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    data = office.permits[0].data
    names = {"now": issued_at, "person": PERSON, "office": "Dinas Contoh"}
    stranger = DevelopmentPki.make(tmp_path_factory.mktemp("stranger") / "keys", **names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint 70 leaves its colour profile open
        bare = weasyprint.HTML(string="<p>Isi").write_pdf()
    files = {name: permit.data for name, permit in zip(SAMPLES, office.permits, strict=True)}
    files |= {
        "flipped": _with_a_flipped_bit(data),
        "changed-page": _with_a_changed_page(data),
        "trailing": data + b"<html></html>\n",
        "stranger": _resigned(data, stranger.signing_key(), issued_at),
        "unsigned": data[: data.index(b"%%EOF") + len(b"%%EOF\n")],
        "plainly-signed": _plainly_signed(data, pki.signing_key()),
        "bare": bare,
    }
    return Asked(tmp_path_factory.mktemp("files"), files)


@pytest.fixture(scope="module")
def trust(pki: DevelopmentPki, issued_at: datetime.datetime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust")
    pki.trust(issued_at).write(folder)
    return folder


@pytest.fixture(scope="module")
def dss(asked: Asked, trust: Path, moment: str) -> dict[str, tuple[bool, str]]:
    return asked.ask("dss", "--trust", trust, "--at", moment)


@pytest.fixture(scope="module")
def archive(asked: Asked) -> dict[str, tuple[bool, str]]:
    return asked.ask("3a")


@pytest.fixture(scope="module")
def accessible(asked: Asked) -> dict[str, tuple[bool, str]]:
    return asked.ask("ua1")


@pytest.fixture(scope="module")
def pdfsig(asked: Asked) -> dict[str, tuple[bool, str]]:
    return asked.ask("pdfsig")


@pytest.mark.parametrize("sample", SAMPLES)
class TestEverySample:
    def test_its_signature_passes_dss_at_level_b_with_nothing_changed(self, dss, sample: str) -> None:
        assert dss[sample] == (True, "TOTAL_PASSED PAdES-BASELINE-B")

    def test_it_is_an_archivable_document_after_signing(self, archive, sample: str) -> None:
        accepted, words = archive[sample]
        assert accepted, words

    def test_it_is_an_accessible_document_after_signing(self, accessible, sample: str) -> None:
        accepted, words = accessible[sample]
        assert accepted, words

    def test_pdfsig_calls_it_valid_and_wholly_signed(self, pdfsig, sample: str) -> None:
        accepted, words = pdfsig[sample]
        assert accepted, words


class TestTheJudgesThemselves:
    @pytest.mark.parametrize("wrong", ["flipped", "changed-page", "stranger", "unsigned", "bare"])
    def test_dss_refuses(self, dss, wrong: str) -> None:
        assert not dss[wrong][0], dss[wrong]

    @pytest.mark.parametrize("wrong", ["flipped", "changed-page", "trailing", "unsigned"])
    def test_pdfsig_refuses(self, pdfsig, wrong: str) -> None:
        assert not pdfsig[wrong][0], pdfsig[wrong]

    @pytest.mark.parametrize("wrong", ["plainly-signed", "bare"])
    def test_verapdf_refuses_as_an_archive(self, archive, wrong: str) -> None:
        assert not archive[wrong][0], archive[wrong]

    @pytest.mark.parametrize("wrong", ["plainly-signed", "bare"])
    def test_verapdf_refuses_as_inaccessible(self, accessible, wrong: str) -> None:
        assert not accessible[wrong][0], accessible[wrong]

    def test_dss_refuses_where_no_list_says_that_the_certificate_still_counts(
        self, asked: Asked, trust: Path, moment: str, tmp_path: Path
    ) -> None:
        (tmp_path / "roots.pem").write_bytes((trust / "roots.pem").read_bytes())
        assert not asked.ask("dss", "--trust", tmp_path, "--at", moment)["tower"][0]

    def test_dss_refuses_a_signer_who_was_revoked_before_signing(
        self, office, tmp_path: Path, issued_at: datetime.datetime, moment: str
    ) -> None:
        begun = issued_at - datetime.timedelta(days=1)
        pki = DevelopmentPki.make(tmp_path / "keys", now=begun, person=PERSON, office="Dinas Contoh")
        data = _resigned(office.permits[0].data, pki.signing_key(), issued_at)
        files = Asked(tmp_path, {"revoked": data})
        pki.trust(issued_at).write(tmp_path / "before")
        assert files.ask("dss", "--trust", tmp_path / "before", "--at", moment)["revoked"][0]
        pki.revoke(pki.signing_key().certificate, now=begun)
        pki.trust(issued_at).write(tmp_path / "after")
        assert not files.ask("dss", "--trust", tmp_path / "after", "--at", moment)["revoked"][0]


def test_a_permit_signed_with_rsa_passes_as_one_signed_on_a_curve(
    office, issued_at: datetime.datetime, moment: str, tmp_path: Path
) -> None:
    pki = DevelopmentPki.make(
        tmp_path / "keys", now=issued_at, person=PERSON, office="Dinas Contoh", algorithm="rsa3072"
    )
    asked = Asked(tmp_path, {"rsa": _resigned(office.permits[2].data, pki.signing_key(), issued_at)})
    pki.trust(issued_at).write(tmp_path / "trust")
    assert asked.ask("dss", "--trust", tmp_path / "trust", "--at", moment)["rsa"] == (
        True,
        "TOTAL_PASSED PAdES-BASELINE-B",
    )
    for judge in ("3a", "ua1", "pdfsig"):
        accepted, words = asked.ask(judge)["rsa"]
        assert accepted, words
