"""Invented permits for the renderer's benchmark, by a seeded generator: no two of them alike.

Two ways to make them up. A *renewed* sample keeps its blocks and its number of pages; only its values are new. A
*natural* one varies as a year of an office's permits does: mostly one or two machines; companies, cooperatives and
private people; deeds, amendments, towers and certificates as often as one meets them; names, places and purposes of
every usual length. How often is a guess, written down below.
"""

import copy
import dataclasses
import datetime
import json
import pathlib
import random
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import templates
from registry.formats import canonical
from registry.formats.record import MandateMode, MandateRecord
from templates import packs
from templates.office import OfficeProfile
from templates.regions import Region

SEED: Final = 20261124
TODAY: Final = datetime.date(2026, 11, 24)
CREATED: Final = datetime.datetime(2026, 11, 24, 3, 0, tzinfo=datetime.UTC)
HOST: Final = "izin.example.go.id"
LINK_DIGITS: Final = 560  # a statement of 232 bytes

# Out of a hundred.
_FORMS: Final = {"pt": 58, "cv": 16, "perorangan": 10, "koperasi": 5, "yayasan": 6, "instansi": 5}
_PLACES: Final = {"menara": 44, "gedung": 22, "pabrik": 16, "rumah_sakit": 8, "lainnya": 10}
_COUNTS: Final = {1: 62, 2: 25, 3: 7, 4: 4, 5: 2}
_ONE_PHASE_KVA: Final = 25  # below which one phase is common


class Draw(random.Random):
    """Chance, and what it makes up for a regency."""

    def __init__(self, seed: str, region: Region) -> None:
        super().__init__(seed)
        self.regency = region.name
        self.districts = tuple(region.districts.items())
        self.words: Mapping[str, Any] = tomllib.loads(pathlib.Path(__file__).with_name("words.toml").read_text("utf-8"))

    def __new__(cls, *_: object) -> "Draw":
        """Without a seed, which `random.Random` would look for among what it is made from."""
        return super().__new__(cls)

    def names(self, least: int, most: int) -> str:
        return " ".join(self.sample(self.words["names"], self.randint(least, most)))

    def word(self, *path: str) -> Any:
        """One of a list of `words`."""
        found: Any = self.words
        for name in path:
            found = found[name]
        return self.choice(found)

    def weighted(self, weights: Mapping[Any, int]) -> Any:
        return self.choices(tuple(weights), tuple(weights.values()))[0]

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def day(self, first: int, last: int) -> str:
        """Of one of these years, as ISO 8601 writes it."""
        return f"{self.randint(first, last)}-{self.randint(1, 12):02}-{self.randint(1, 28):02}"

    def ago(self, least: int, most: int) -> datetime.date:
        return TODAY - datetime.timedelta(days=self.randrange(least, most))

    def nib(self) -> str:
        return f"{self.randrange(10**12, 10**13)}"

    def digest(self) -> str:
        return f"{self.getrandbits(256):064x}"

    def address(self) -> str:
        street, house, code = self.word("streets"), self.randint(1, 400), self.randrange(28400, 28499)
        return f"Jalan {street} Contoh Nomor {house}, {self.regency} {code}"

    def way(self) -> str:
        """Where along a road."""
        number = f"KM {self.randint(3, 60)}" if self.happens(0.25) else f"Nomor {self.randint(1, 400)}"
        return f"Jalan {self.word('streets')} Contoh {number}"

    def natural_address(self) -> str:
        """As people write them: some with hamlet, village, or a kilometre, few with all."""
        parts = [self.way()]
        if self.happens(0.35):
            parts.append(f"RT {self.randint(1, 12):03} RW {self.randint(1, 9):03}")
        if self.happens(0.3):
            parts.append(f"Desa {self.word('villages')}")
        parts.append(f"{self.regency} {self.randrange(28400, 28499)}" if self.happens(0.8) else "Pekanbaru 28116")
        return ", ".join(parts)

    def person(self) -> str:
        before = self.weighted({"": 80, "Ir. ": 6, "H. ": 8, "Hj. ": 3, "Drs. ": 3})
        middle = f"{self.word('last_names')} " if self.happens(0.25) else ""
        after = self.weighted({"": 70, ", S.T.": 12, ", S.E., M.M.": 9, ", M.T.": 9})
        return f"{before}{self.word('first_names')} Contoh {middle}{self.word('last_names')}{after}"

    def deed(self, first: int, last: int, kind: str) -> Mapping[str, str]:
        return {
            "number": f"{self.randint(1, 400)}",
            "date": self.day(first, last),
            "notary": self.word("notaries"),
            "approval_number": f"AHU-{self.randrange(100_000):05}.AH.01.{kind}.Tahun {last}",
            "approval_date": self.day(last + 1, last + 1),
        }


Renew = Callable[[Any, Draw], None]


def new_permit(public: Any, draw: Draw) -> None:
    """A sample generator permit made another: one or two machines, three pages."""
    public["holder"] |= {
        "name": f"{draw.names(2, 4)} Contoh",
        "nib": draw.nib(),
        "address": draw.address(),
        "responsible": {"name": f"{draw.names(1, 3)} Contoh", "position": "Direktur"},
    }
    public["location"] |= {"name": f"Pabrik Contoh {draw.names(1, 2)}", "address": draw.address()}
    public["application"]["number"] = f"{draw.randrange(1000)}/CONTOH/X/2026"
    public["recommendation"]["number"] = f"671/CONTOH-{draw.randrange(1000)}/XI/2026"
    public["units"] = [_unit(public["units"], draw) for _ in range(draw.choice((1, 2)))]


def _unit(samples: Sequence[Mapping[str, Any]], draw: Draw) -> Mapping[str, Any]:
    kva = draw.randrange(20, 300, 5)
    return {
        **draw.choice(samples),
        "engine_serial": f"CONTOH{draw.randrange(10**8):08}",
        "generator_serial": f"G{draw.randrange(10**7):07}",
        "power_kva": kva,
        "power_kw": kva * 4 // 5,
        "year": draw.randrange(2005, 2026),
    }


def new_replacement(public: Any, draw: Draw) -> None:
    """A sample replacement letter for a lost print made another, its dates in their order."""
    days = [draw.ago(*ago) for ago in ((60, 900), (12, 30), (6, 12), (0, 6))]
    permitted, reported, asked, received = (day.isoformat() for day in days)
    public["permit"] |= {
        "number": f"503/{draw.randrange(1, 1000):03}/DPMPTSP/{draw.choice(('II', 'VI', 'VIII'))}/{days[0].year}",
        "date": permitted,
        "sha256": draw.digest(),
    }
    if draw.choice((True, False)):
        public["permit"]["until"] = (days[0] + datetime.timedelta(days=5 * 365)).isoformat()
    public["holder"] |= {"name": f"{draw.names(2, 4)} Contoh", "nib": draw.nib()}
    number = f"{draw.randrange(1000)}/CONTOH/XI/2026"
    public["application"] |= {"number": number, "date": asked, "received": received}
    public["police_report"] |= {"number": f"SKTLK/CONTOH/{draw.randrange(1000)}/XI/2026/SPKT", "date": reported}
    public["copy_number"] = draw.randint(1, 9)
    public["recipient"] = {"name": f"{draw.names(1, 3)} Contoh", "position": "Direktur"}


def natural_generator(public: Any, draw: Draw) -> None:
    """A generator permit like any that an office might have before it."""
    _natural(public, draw, "genset")
    same = _generator(draw)
    count = draw.weighted(_COUNTS)
    # Who buys several mostly buys the same; their serials differ.
    machines = [same if draw.happens(0.7) else _generator(draw) for _ in range(count)]
    public["units"] = [
        {
            **machine,
            "engine_serial": f"{machine['engine_serial']}{draw.randrange(100_000):05}",
            "generator_serial": f"{machine['generator_serial']}{draw.randrange(10_000):04}",
        }
        for machine in machines
    ]
    if draw.happens(0.4):
        public["operation"] = {
            "number": f"SLO-CONTOH-1401-2025-{draw.randrange(100_000):05}",
            "date": draw.day(2025, 2025),
            "issuer": draw.word("issuers"),
        }


def _generator(draw: Draw) -> Mapping[str, Any]:
    engine = draw.word("engines")
    generator = engine["generator"]
    kva = draw.choice((15, 20, 25, 33, 50, 60, 80, 100, 150, 200, 250, 275, 500, 1000))
    one_phase = kva < _ONE_PHASE_KVA and draw.happens(0.5)
    return {
        "engine_make": engine["make"],
        "engine_type": draw.choice(engine["types"]),
        "engine_serial": engine["serial"],
        "generator_make": generator["make"],
        "generator_type": draw.choice(generator["types"]),
        "generator_serial": generator["serial"],
        "power_kva": kva,
        "power_kw": str(kva * 8 / 10),
        "power_factor": "0.8",
        "phases": 1 if one_phase else 3,
        "voltage_v": 220 if one_phase else draw.choice((380, 400)),
        "frequency_hz": 50,
        "speed_rpm": draw.choice((1500, 1500, 1500, 3000)),
        "fuel": draw.weighted({"Solar (B40)": 80, "Biosolar B40": 12, "Gas alam": 8}),
        **({"tank_l": draw.choice((60, 100, 200, 500, 990, 1000, 5000))} if draw.happens(0.85) else {}),
        "year": draw.randint(2008, 2026),
        "silencing": draw.choice(("kedap", "terbuka")),
        "use": draw.weighted({"cadangan": 70, "utama": 15, "darurat": 12, "sementara": 3}),
    }


def natural_rod(public: Any, draw: Draw) -> None:
    """A lightning protection permit like any that an office might have before it."""
    _natural(public, draw, "penangkal_petir")
    public["installations"] = [_rod(draw) for _ in range(draw.weighted(_COUNTS))]


def _rod(draw: Draw) -> Mapping[str, Any]:
    rod = draw.word("rods")
    make = rod["make"]
    numbered = draw.happens(0.9 if rod["system"] == "elektrostatis" else 0.25)
    return {
        "system": rod["system"],
        "make": make,
        "type": draw.choice(rod["types"]),
        **({"serial": f"{make[:2].upper()}-{draw.randint(18, 26)}-{draw.randrange(100_000):05}"} if numbered else {}),
        "terminals": draw.weighted({1: 70, 2: 15, 3: 5, 4: 6, 6: 4}),
        "mast_m": draw.choice(("1.5", "2", "2.5", "3", "5", "6", "12.5")),
        "radius_m": draw.randint(5, rod["reach"]),
        "conductor": draw.word("conductors"),
        "conductor_mm2": draw.choice((50, 70, 75, 95)),
        "earthing": draw.choice(("batang", "pelat", "lingkar", "fondasi", "gabungan")),
        "resistance_ohm": f"{draw.randint(20, 499) / 100:.2f}",
        "measured": draw.ago(20, 120).isoformat(),
        "year": draw.randint(2015, 2026),
    }


def _natural(public: Any, draw: Draw, kind: str) -> None:
    """What both types of permit ask for, in place of a sample's."""
    form = draw.weighted(_FORMS)
    place = draw.weighted(_PLACES)
    person = draw.person()
    code, district = draw.choice(draw.districts)
    asked = draw.ago(12, 40)
    received = asked + datetime.timedelta(days=draw.randint(0, 3))
    certified = draw.randint(2022, 2025)
    public.clear()
    public |= {
        "holder": {
            "form": form,
            "name": _holder_name(form, person, draw),
            "nib": draw.nib(),
            "address": draw.natural_address(),
            "responsible": {"name": person, "position": draw.word("positions", form)},
        },
        "installer": {
            "name": draw.word("installers"),
            "certificate_number": f"SKTTK-{draw.randrange(10_000):04}/CONTOH/{certified}",
            "certificate_date": draw.day(certified, certified),
        },
        "application": {
            "number": f"{draw.randint(1, 999):03}/{draw.word('references')}/XI/2026",
            "date": asked.isoformat(),
            "received": received.isoformat(),
        },
        "recommendation": {
            "office": f"{draw.words['technical_offices'][kind]} {draw.regency}",
            "number": f"671/CONTOH-{draw.randrange(1000)}/XI/2026",
            "date": (received + datetime.timedelta(days=draw.randint(1, 8))).isoformat(),
        },
        "location": {
            "kind": place,
            "name": f"{draw.word('places', place)} Contoh {draw.names(1, 2)}",
            "address": draw.way(),
            "village": {
                "kind": draw.weighted({"desa": 85, "kelurahan": 15}),
                "name": f"Contoh {draw.word('villages')}",
            },
            "district": {"code": code, "name": district},
        },
        "purpose": draw.word("purposes", kind),
        "validity": {"kind": "selama_digunakan"},
    }
    if draw.happens(0.4):
        public["validity"] = {"kind": "sampai_tanggal", "until": draw.day(2028, 2036)}
    if form not in ("perorangan", "instansi"):
        public["holder"]["deed"] = draw.deed(1995, draw.randint(1998, 2022), "01")
        if draw.happens(0.4):
            public["holder"]["amendment"] = draw.deed(2023, 2024, "02")
    if place == "menara":
        public["location"]["tower"] = {
            "site_id": f"RIA-KPR-{draw.randrange(10_000):04}",
            "building_permit": draw.weighted({"imb": 40, "pbg": 60}),
            "building_permit_number": f"SK-PBG-{code.replace('.', '')}-CONTOH-{draw.randrange(1000):03}",
            "building_permit_date": draw.day(2015, 2025),
            **({"tenant": draw.word("tenants")} if draw.happens(0.6) else {}),
            **({"height_m": draw.choice((32, 42, 52, 62, 72))} if draw.happens(0.8) else {}),
        }


def _holder_name(form: str, person: str, draw: Draw) -> str:
    match form:
        case "perorangan":
            return person
        case "yayasan" | "instansi":
            return f"{draw.word('holders', form)}Contoh {draw.names(1, 2)}"
        case _:
            return f"{draw.names(1, 3)} Contoh"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What `Renderer.render` is given for one permit, beside its pack."""

    shape: Mapping[str, Any]
    fields: Mapping[str, str]
    link: str
    number: str
    attachment: bytes

    @property
    def printed(self) -> Mapping[str, str]:
        """Every value that the page shows."""
        return {**self.fields, "host": HOST}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What makes up documents of one kind: permit type, office profile, a sample, and how another is made of it."""

    type: str
    office: str
    sample: str
    renew: Renew


KINDS: Final[Mapping[str, Kind]] = {
    "rods": Kind(type="penangkal_petir", office="rimba-tirta", sample="2-menara", renew=natural_rod),
    "generators": Kind(type="genset", office="kampar", sample="2-pabrik", renew=natural_generator),
    "factories": Kind(type="genset", office="kampar", sample="2-pabrik", renew=new_permit),
    "replacements": Kind(type="pengganti", office="kampar", sample="1-hilang", renew=new_replacement),
}


class Documents:
    """Documents of one kind that were never seen before; in every process the same ones."""

    def __init__(self, kind: Kind) -> None:
        self.pack = packs.pack(kind.type)
        self._sample = json.loads((self.pack.folder / "samples" / f"{kind.sample}.json").read_bytes())
        self._renew = kind.renew
        self._office = OfficeProfile.read(pathlib.Path(templates.__path__[0]) / "offices" / f"{kind.office}.toml")
        self._mandate = dataclasses.replace(_MANDATE, office_title=" ".join(self._office.head_title))
        self._draw = Draw(f"{SEED} {kind.type} {kind.renew.__name__}", Region.read(self._office.region))
        self._made = 0

    def next(self) -> Document:
        """One more."""
        self._made += 1
        decision = copy.deepcopy(self._sample)
        decision["reference"] = f"BENCH-{self._made:05}"
        self._renew(decision["public"], self._draw)
        read = canonical.parse(json.dumps(decision).encode())
        checked = self.pack.check(read, today=TODAY, office=self._office)
        if checked.decision is None:
            raise ValueError(f"the made-up decision is refused: {checked.problems}")
        public = {**checked.decision.public, "private_commitment": self._draw.digest()}
        number = self.pack.number(self._made, TODAY, office=self._office)
        fields = self.pack.fields(
            public,
            office=self._office,
            number=number,
            date_of_issue=TODAY,
            valid_until=self.pack.valid_until(public, TODAY),
        )
        digits = self._draw.randrange(10 ** (LINK_DIGITS - 1), 10**LINK_DIGITS)
        return Document(
            shape=self.pack.shape(public, office=self._office, mandate=self._mandate, date_of_issue=TODAY, mark=""),
            fields=fields,
            link=f"https://{HOST}/v/{digits}",
            number=number,
            attachment=canonical.dump(public),
        )


_MANDATE: Final = MandateRecord(
    person="Contoh Kepala, S.H., M.Si.",
    rank="Pembina Utama Muda (IV/c)",
    employee_number="198001012005011001",
    mode=MandateMode.DEFINITIVE,
    office_title="KEPALA DINAS",
    own_title="KEPALA DINAS",
    decree_number="SK-CONTOH-1",
    decree_date=datetime.date(2025, 1, 1),
    scope=(),
    valid_from=datetime.date(2025, 1, 1),
    valid_until=None,
)
