"""The maker: gives the measure of a shape and the plate of a signature, from the shelf or newly made.

What stands on the shelf is taken as it is. So a page in use keeps the typeface and the layout that it was first made
with, whatever this machine has now.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from registry.formats.errors import UnavailableError
from templates import fonts, limits, page
from templates.fingerprint import Fingerprint
from templates.layout import Layout
from templates.pack import Pack
from templates.plates import plate, probe
from templates.plates.compiler import Cut, compile_plate
from templates.plates.filling import Embedded, Type
from templates.plates.plate import FaceName, Measure, Plate, PlateError
from templates.plates.shelf import Shelf, key
from templates.plates.workpiece import Workpiece
from templates.typesetting.face import Face
from templates.typesetting.subset import TIERS, Subset

_FACES: Final[tuple[FaceName, ...]] = ("regular", "bold")


class Maker:
    """Makes measures and plates. Threads may share it."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        typeface: Callable[[str], fonts.Fonts],
        allowed: limits.RenderLimits,
        fingerprint: Callable[[Sequence[fonts.Fonts]], Fingerprint],
    ) -> None:
        """`typeface` gives the faces of a family by its name, for shapes that have no measure yet."""
        self._shelf = shelf
        self._find = functools.cache(typeface)
        self._allowed = allowed
        self._fingerprint = fingerprint
        self._fingerprints: dict[tuple[str, ...], str] = {}
        self._faces: dict[bytes, Face] = {}
        self._subsets: dict[bytes, Embedded] = {}
        self._cuts: dict[bytes, Cut] = {}
        self._pieces: dict[tuple[str, str, bytes, bytes], Workpiece] = {}

    def measure(self, pack: Pack, shape: Mapping[str, Any], *, digest: bytes, names: Sequence[str]) -> Measure:
        """The measure of a shape with this `digest`, whose documents have values of these names.

        Raises what `probe.measure` raises.
        """
        own = _key(pack, digest)
        found = self._shelf.find(own)
        if found is not None:
            try:
                known = Measure.of_bytes(self._shelf.get(found))
            except UnavailableError:
                pass  # lost or damaged: the same bytes mend it, others are refused
            else:
                if known.pack != pack.name:
                    raise PlateError(f"the measure {found.hex()} of {known.pack} stands in another's place")
                return known
        typeface = self._find(shape["typeface"])
        digests = self._keep_typeface(typeface)
        columns = probe.measure(self._piece(pack, typeface, digests), shape, names)
        made = Measure(pack=pack.name, typeface=digests, columns=columns)
        found = self._keep(own, made.to_bytes(), kind="measure", pack=pack.name, typeface=typeface)
        return Measure.of_bytes(self._shelf.get(found))

    def find(self, pack: Pack, *, digest: bytes, lines: Sequence[int]) -> bytes | None:
        """The SHA-256 of the plate of a signature, None where it has none yet."""
        return self._shelf.find(_key(pack, digest, lines))

    def has_measure(self, pack: Pack, *, digest: bytes) -> bool:
        """Whether a shape with this `digest` was measured before."""
        return self._shelf.find(_key(pack, digest)) is not None

    def make(
        self, pack: Pack, shape: Mapping[str, Any], *, digest: bytes, measure: Measure, lines: Sequence[int]
    ) -> bytes:
        """Compile the plate of a signature and keep it; its SHA-256, or that of the one that was kept meanwhile.

        Raises what `compile_plate` raises.
        """
        made = self.compile(pack, shape, digest=digest, measure=measure, lines=lines)
        return self._keep_plate(made, pack, digest=digest, lines=lines)

    def compile(
        self, pack: Pack, shape: Mapping[str, Any], *, digest: bytes, measure: Measure, lines: Sequence[int]
    ) -> Plate:
        """The plate of a signature, kept nowhere yet. Raises what `compile_plate` raises."""
        typeface = self._fonts(shape["typeface"], measure.typeface)
        return compile_plate(
            self._piece(pack, typeface, measure.typeface),
            shape,
            digest=digest,
            measure=measure,
            lines=lines,
            cuts={face: self._cut(measure.typeface[face], getattr(typeface, face)) for face in _FACES},
            fingerprint=self._made_by(typeface),
        )

    def keep(self, data: bytes, pack: Pack, *, digest: bytes, measure: Measure, lines: Sequence[int]) -> bytes:
        """Keep the plate of a signature that another process compiled; its SHA-256, as `make` gives it.

        Raises `PlateError` for what is no plate, or another signature's.
        """
        made = Plate.of_bytes(data)
        wanted = (pack.name, digest, measure.typeface, measure.columns, tuple(lines))
        if (made.pack, made.shape, made.typeface, made.columns, made.lines) != wanted:
            raise PlateError(f"{pack.name}: what was compiled is the plate of another page")
        return self._keep_plate(made, pack, digest=digest, lines=lines)

    def lend(self, measure: Measure, to: Shelf) -> None:
        """Keep on another shelf what compiling takes besides the pack: the faces of a measure, and their subsets."""
        for sha256 in measure.typeface.values():
            data = self._shelf.get(sha256)
            to.keep(key(kind="typeface", sha256=sha256.hex()), data, kind="typeface", pack="", fingerprint="")
            for tier, digest in enumerate(self._cut(sha256, data).digests):
                own = key(kind="subset", typeface=sha256.hex(), tier=tier)
                to.keep(own, self._shelf.get(digest), kind="subset", pack="", fingerprint="")

    def plate(self, sha256: bytes) -> Plate:
        """A plate that is kept. Raises `UnavailableError` where it is missing, damaged or none."""
        return Plate.of_bytes(self._shelf.get(sha256))

    def faces(self, typeface: Mapping[FaceName, bytes]) -> Mapping[FaceName, Face]:
        """The faces with these SHA-256, to break lines with."""
        return {name: self._face(name, sha256) for name, sha256 in typeface.items()}

    def types(self, made: Plate) -> Mapping[FaceName, Type]:
        """What a plate is filled with."""
        faces = self.faces(made.typeface)
        for one in made.faces:
            self._cut(made.typeface[one.face], self._typeface(made.typeface[one.face]))
        return {
            one.face: Type(face=faces[one.face], subsets=tuple(self._embedded(sha256) for sha256 in one.subsets))
            for one in made.faces
        }

    def _made_by(self, typeface: fonts.Fonts) -> str:
        """The fingerprint's digest; asking every library takes longer than many a plate."""
        digests = tuple(typeface.sha256.values())
        if digests not in self._fingerprints:
            self._fingerprints[digests] = self._fingerprint([typeface]).digest
        return self._fingerprints[digests]

    def _face(self, name: FaceName, sha256: bytes) -> Face:
        if sha256 not in self._faces:
            self._faces[sha256] = Face(self._typeface(sha256), name=name)
        return self._faces[sha256]

    def _typeface(self, sha256: bytes) -> bytes:
        """A font file that is kept; the same one of this machine mends it where it is lost or damaged."""
        try:
            return self._shelf.get(sha256)
        except UnavailableError:
            for family in fonts.FAMILIES:
                typeface = self._find(family)
                if sha256.hex() in typeface.sha256.values():
                    self._keep_typeface(typeface)
            return self._shelf.get(sha256)

    def _embedded(self, sha256: bytes) -> Embedded:
        if sha256 not in self._subsets:
            self._subsets[sha256] = Embedded(Subset.of_bytes(self._shelf.get(sha256)))
        return self._subsets[sha256]

    def _cut(self, sha256: bytes, data: bytes) -> Cut:
        if sha256 not in self._cuts:
            kept = [self._subset(sha256, data, tier) for tier in range(len(TIERS))]
            self._cuts[sha256] = Cut(
                digests=tuple(digest for digest, _ in kept), subsets=tuple(subset for _, subset in kept)
            )
        return self._cuts[sha256]

    def _subset(self, sha256: bytes, data: bytes, tier: int) -> tuple[bytes, Subset]:
        own = key(kind="subset", typeface=sha256.hex(), tier=tier)
        found = self._shelf.find(own)
        if found is not None:
            try:
                return found, Subset.of_bytes(self._shelf.get(found))
            except UnavailableError:
                pass  # as with a measure
        made = Subset.of(data, TIERS[tier])
        found = self._shelf.keep(own, made.to_bytes(), kind="subset", pack="", fingerprint="")
        return found, Subset.of_bytes(self._shelf.get(found))

    def _fonts(self, family: str, typeface: Mapping[FaceName, bytes]) -> fonts.Fonts:
        regular, bold = (self._typeface(typeface[face]) for face in _FACES)
        return fonts.Fonts(family=family, regular=regular, bold=bold)

    def _keep_typeface(self, typeface: fonts.Fonts) -> dict[FaceName, bytes]:
        return {
            face: self._shelf.keep(
                key(kind="typeface", sha256=typeface.sha256[face]),
                getattr(typeface, face),
                kind="typeface",
                pack="",
                fingerprint="",
            )
            for face in _FACES
        }

    def _keep_plate(self, made: Plate, pack: Pack, *, digest: bytes, lines: Sequence[int]) -> bytes:
        own = _key(pack, digest, lines)
        return self._shelf.keep(own, made.to_bytes(), kind="plate", pack=pack.name, fingerprint=made.fingerprint)

    def _keep(self, own: bytes, data: bytes, *, kind: str, pack: str, typeface: fonts.Fonts) -> bytes:
        return self._shelf.keep(own, data, kind=kind, pack=pack, fingerprint=self._made_by(typeface))

    def _piece(self, pack: Pack, typeface: fonts.Fonts, digests: Mapping[FaceName, bytes]) -> Workpiece:
        which = pack.name, typeface.family, digests["regular"], digests["bold"]
        if which not in self._pieces:
            self._pieces[which] = Workpiece(
                pack=pack.name,
                family=page.family(typeface.family),
                layout=Layout(pack, typeface, allowed=self._allowed),
                faces=self.faces(digests),
            )
        return self._pieces[which]


def _key(pack: Pack, digest: bytes, lines: Sequence[int] | None = None) -> bytes:
    """What names a measure, or with `lines` a plate. A pack that is not frozen yet has others when its page changes."""
    return key(
        format=plate.FORMAT,
        pack=pack.name,
        page=page_digest(pack).hex(),
        shape=digest.hex(),
        lines=None if lines is None else list(lines),
    )


@functools.cache
def page_digest(pack: Pack) -> bytes:
    """SHA-256 over the files that a pack's page is made of."""
    digest = hashlib.sha256()
    for folder in pack.page_folders:
        for path in sorted((*folder.glob("*.html"), *folder.glob("*.css"))):
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
