"""The Merkle tree of the transparency log: hashes, proofs and their verification (RFC 6962 section 2, RFC 9162 2.1).

Leaf hash: SHA-256(0x00 ‖ entry). Inner hash: SHA-256(0x01 ‖ left ‖ right). A tree of n leaves splits at the largest
power of two below n, so that every tree is a row of complete subtrees, largest first, folded from the right: a tree
that grows never changes a complete subtree. Proofs are read out of complete subtrees in O(log n) reads.

A proof says that a leaf is in the tree of this size and root, or that one tree is the beginning of another. It binds
the root, not the size: both come from one signed checkpoint (`registry.formats.checkpoint`).
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable
from typing import Final, Self

from registry.formats.errors import DocumentError

HASH_BYTES: Final = 32
MAX_SIZE: Final = 2**63 - 1  # leaves; what other implementations of the format can count
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

HashReader = Callable[[int, int], bytes]
"""(level, index) -> hash of the complete subtree over the leaves [index << level, (index + 1) << level)."""


class ProofError(DocumentError):
    """The proof, or what it should be about, is not exactly right."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry as a leaf, 32 bytes (RFC 6962 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees, 32 bytes (RFC 6962 2.1). Both must be hashes: 32 bytes, which is not checked here."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, read: HashReader) -> bytes:
    """The root of the tree of `size` leaves.

    Raises `ProofError` for a size outside the format, and what `read` does.
    """
    _check_number(size, "size", MAX_SIZE)
    return _range_hash(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """The hashes from the leaf's sibling up to the root's child (RFC 6962 2.1.1).

    Raises `ProofError` when no tree of `size` leaves has a leaf at `index`, and what `read` does.
    """
    _check_leaf_place(index, size)
    begin, end, path = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_hash(middle, end, read))
            end = middle
        else:
            path.append(_range_hash(begin, middle, read))
            begin = middle
    return tuple(reversed(path))


def consistency_proof(old_size: int, new_size: int, read: HashReader) -> tuple[bytes, ...]:
    """The hashes that show the tree of `old_size` leaves to begin the tree of `new_size` (RFC 6962 2.1.2).

    Empty where there is nothing to show: equal sizes, and a beginning of no leaves. Raises `ProofError` for sizes
    that no such pair of trees has, and what `read` does.
    """
    _check_number(new_size, "new size", MAX_SIZE)
    _check_number(old_size, "old size", new_size)
    begin, end, path = 0, new_size, []
    while old_size not in (0, end):
        middle = begin + _split(end - begin)
        if old_size <= middle:
            path.append(_range_hash(middle, end, read))
            end = middle
        else:
            path.append(_range_hash(begin, middle, read))
            begin = middle
    if begin:
        path.append(_range_hash(begin, end, read))
    return tuple(reversed(path))


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: tuple[bytes, ...], root: bytes) -> None:
    """Raise `ProofError` unless `proof` shows the leaf hash at `index` of the tree of `size` leaves and this root."""
    _check_leaf_place(index, size)
    _check_hash(leaf, "leaf")
    _check_hash(root, "root")
    inner, border = _path_lengths(index, size)
    _check_hashes(proof, inner + border)
    result = leaf
    for height, sibling in enumerate(proof):
        # Past `inner` the path runs along the right edge of the tree, where every sibling stands on the left.
        left = height >= inner or (index >> height) & 1
        result = node_hash(sibling, result) if left else node_hash(result, sibling)
    if result != root:
        raise ProofError("the proof does not lead from the leaf to the root")


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: tuple[bytes, ...]
) -> None:
    """Raise `ProofError` unless `proof` shows the old tree to be the beginning of the new one.

    Of equal sizes the roots must be equal; a tree of no leaves has `EMPTY_ROOT` and begins every tree. Both take
    the empty proof.
    """
    _check_number(new_size, "new size", MAX_SIZE)
    _check_number(old_size, "old size", new_size)
    for size, value, name in ((old_size, old_root, "old root"), (new_size, new_root, "new root")):
        _check_hash(value, name)
        if size == 0 and value != EMPTY_ROOT:
            raise ProofError(f"the {name} is not that of the empty tree")
    if old_size in (0, new_size):
        _check_hashes(proof, 0)
        if old_size == new_size and old_root != new_root:
            raise ProofError("two trees of the same size have different roots")
        return
    # The proof starts at the largest complete subtree on the old tree's right edge, 2**shift leaves: its hash opens
    # the proof, unless that subtree is the whole old tree. From there it is the inclusion path of that subtree.
    shift = (old_size & -old_size).bit_length() - 1
    inner, border = _path_lengths(old_size - 1, new_size)
    inner -= shift
    whole = old_size == 1 << shift
    _check_hashes(proof, inner + border + (not whole))
    path = (old_root, *proof) if whole else proof
    position = (old_size - 1) >> shift
    old = new = path[0]
    for height, sibling in enumerate(path[1:]):
        if height >= inner or (position >> height) & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    if old != old_root:
        raise ProofError("the proof does not lead to the old root")
    if new != new_root:
        raise ProofError("the proof does not lead to the new root")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """All that a tree needs to grow: its size and the hashes of its complete subtrees, from largest to smallest.

    One hash for each 1 in the binary form of `size`. Raises `ProofError` when they are not that many hashes.
    """

    size: int
    hashes: tuple[bytes, ...]

    def __post_init__(self) -> None:
        _check_number(self.size, "size", MAX_SIZE)
        _check_hashes(self.hashes, self.size.bit_count())

    @classmethod
    def empty(cls) -> Self:
        """The frontier of the tree of no leaves."""
        return cls(size=0, hashes=())

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises `ProofError` unless it holds exactly the hashes that `size` asks for."""
        if type(data) is not bytes or len(data) % HASH_BYTES:
            raise ProofError(f"the frontier must be whole hashes of {HASH_BYTES} bytes")
        hashes = (data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES))
        return cls(size=size, hashes=tuple(hashes))

    def to_bytes(self) -> bytes:
        """The hashes one after the other, 32 bytes each; the size is kept elsewhere."""
        return b"".join(self.hashes)

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf hash. Raises `ProofError` when it is no hash."""
        return grow(self, [leaf], _forget)

    def root(self) -> bytes:
        """The root of the tree."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT


def grow(frontier: Frontier, leaves: Iterable[bytes], keep: Callable[[int, int, bytes], None]) -> Frontier:
    """The frontier of the tree with these leaf hashes appended.

    Calls `keep(level, index, hash)` once for every complete subtree that the new leaves complete, each leaf itself
    (level 0) included, and always before the subtrees that stand on it. Raises `ProofError` for a leaf that is no
    hash; what was kept until then belongs to no tree.
    """
    size, hashes = frontier.size, list(frontier.hashes)
    for leaf in leaves:
        _check_hash(leaf, "leaf")
        level, index, value = 0, size, leaf
        keep(level, index, value)
        while index & 1:
            value = node_hash(hashes.pop(), value)
            level, index = level + 1, index >> 1
            keep(level, index, value)
        hashes.append(value)
        size += 1
    return Frontier(size=size, hashes=tuple(hashes))


def _forget(level: int, index: int, value: bytes) -> None:
    """Keep nothing."""


def _split(width: int) -> int:
    """The largest power of two below `width`, which is at least 2."""
    return 1 << (width - 1).bit_length() - 1


def _path_lengths(index: int, size: int) -> tuple[int, int]:
    """How many hashes of a leaf's path lie below, and how many on, the right edge of the tree."""
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _range_hash(begin: int, end: int, read: HashReader) -> bytes:
    """The hash over the leaves [begin, end), whose first stands where a subtree of that many leaves may begin."""
    hashes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        value = read(level, begin >> level)
        _check_hash(value, "subtree's hash as read")
        hashes.append(value)
        begin += 1 << level
    return _fold(hashes)


def _fold(hashes: Iterable[bytes]) -> bytes:
    """The hash over complete subtrees, given from largest to smallest; at least one."""
    result, *larger = reversed(tuple(hashes))
    for value in larger:
        result = node_hash(value, result)
    return result


def _check_leaf_place(index: object, size: int) -> None:
    _check_number(size, "size", MAX_SIZE)
    if type(index) is not int or not 0 <= index < size:
        raise ProofError(f"the index must be that of one of the tree's {size} leaves, counted from 0")


def _check_number(value: object, name: str, maximum: int) -> None:
    if type(value) is not int or not 0 <= value <= maximum:
        raise ProofError(f"the {name} must be a whole number from 0 to {maximum}")


def _check_hash(value: object, name: str) -> None:
    if type(value) is not bytes or len(value) != HASH_BYTES:
        raise ProofError(f"the {name} must be a hash of {HASH_BYTES} bytes")


def _check_hashes(values: object, count: int) -> None:
    if type(values) is not tuple or len(values) != count:
        raise ProofError(f"these trees need exactly {count} hashes")
    for value in values:
        _check_hash(value, "hash")
