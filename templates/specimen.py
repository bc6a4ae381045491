"""Documents that were never issued: a pack's samples, printed at an office by an invented signer.

Between them they show each way to sign, with and without the mark of training. What a version's goldens say was read
from these, so nothing here may change what they print.
"""

import dataclasses
import datetime
import itertools
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from registry.formats import canonical
from registry.formats.errors import DocumentError
from registry.formats.record import MandateMode, MandateRecord
from templates.office import OfficeProfile
from templates.pack import Pack
from templates.renderer import Rendered, Renderer

HOST: Final = "izin.example.go.id"
_LINK: Final = f"https://{HOST}/v/" + "7192835460" * 56
_NUMBER: Final = 7
_TIME: Final = datetime.time(3, 4, 5, tzinfo=datetime.UTC)
_COMMITMENT: Final = {"private_commitment": "ab" * 32}
_MODES: Final = (MandateMode.DEFINITIVE, MandateMode.PLT, MandateMode.PLH, MandateMode.AN)
_MARKS: Final = ("", "SIMULASI")
_PERSON: Final = "Dra. Hj. Contoh Melati Sari, M.Si."
_DECREE_DATE: Final = datetime.date(2020, 1, 2)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One sample at one office; `name` is both of theirs ("1-menara.kampar")."""

    name: str
    sample: pathlib.Path
    office: OfficeProfile
    mode: MandateMode
    mark: str

    def render(self, renderer: Renderer, pack: Pack, *, day: datetime.date) -> Rendered:
        """The document as if issued on `day`.

        The sample is read as a decision that the registry holds: its districts are not asked for in the office's
        region, nor its dates against today. Raises what `Pack` and `Renderer` raise.
        """
        public = public_part(self.sample)
        number = pack.number(_NUMBER, day, office=self.office)
        return renderer.render(
            pack,
            shape=pack.shape(public, office=self.office, mandate=self._mandate(), date_of_issue=day, mark=self.mark),
            fields=pack.fields(
                public,
                office=self.office,
                number=number,
                date_of_issue=day,
                valid_until=pack.valid_until(public, day),
            ),
            host=HOST,
            link=_LINK,
            number=number,
            attachment=canonical.dump(public),
            created=datetime.datetime.combine(day, _TIME),
        )

    def _mandate(self) -> MandateRecord:
        return MandateRecord(
            person=_PERSON,
            rank="Pembina Utama Muda (IV/c)",
            employee_number="197001011995032999",
            mode=self.mode,
            office_title=" ".join(self.office.head_title),
            own_title="Sekretaris",
            decree_number="CONTOH/001/2020",
            decree_date=_DECREE_DATE,
            scope=(),
            valid_from=_DECREE_DATE,
            valid_until=None,
        )


def public_part(sample: pathlib.Path) -> dict[str, Any]:
    """What the registry would hold of a sample as its public part. Raises `DocumentError` where it has none."""
    value = canonical.parse(sample.read_bytes())
    part = value.get("public") if isinstance(value, dict) else None
    if not isinstance(part, dict):
        raise DocumentError(f"the sample {sample.name} has no public part")
    return {**part, **_COMMITMENT}


def specimens(pack: Pack, offices: Mapping[str, OfficeProfile]) -> Iterator[Specimen]:
    """Every sample of the pack at every office, in the order of their names."""
    pairs = list(itertools.product(enumerate(pack.samples()), enumerate(sorted(offices))))
    for count, ((row, sample), (column, name)) in enumerate(pairs):
        yield Specimen(
            name=f"{sample.stem}.{name}",
            sample=sample,
            office=offices[name],
            mode=_MODES[count % len(_MODES)],
            mark=_MARKS[(row + column) % len(_MARKS)],
        )
