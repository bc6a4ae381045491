"""The log's Merkle tree: what is in it can be shown, and nothing else."""

import base64
import functools
import itertools
from collections.abc import Callable

import pymerkle  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import merkle
from registry.formats.errors import DocumentError

LARGEST = 256

# The eight leaves and all values from the Certificate Transparency reference implementation
# (transparency-dev/merkle, testonly/constants.go and proof/verify_test.go).
CT_LEAVES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}

# An entry of a log run by Tessera, as tested by project-oak/oak (oak_attestation_verification, tlog proof tests).
TESSERA_ENTRY = b"hello tesseroak\n"
TESSERA_ROOT = "QYfrD7XAd4qUHbRBs4dDyDZwpZN4M/cccXr2G56pxkY="
TESSERA_PROOF = [
    "fGRlLyuz+L9Jb8+uTSut/2aVc4z7fKFW+clvsb6xjEM=",
    "F6LautOHD5eppkWC0xn/lz00X5g2yLlZAkl2jCI/wdE=",
    "qH7OJxFNup+TDvJuohd2HphKVngfMeMzUK8QChEDcas=",
    "+Y3g758yXtPCRh/eqhLTA3bdcx+cCV1Uah0JdgB0YEs=",
    "vq8cJSjj8dPVmFBRUqDLlaMqW6aAYR2GKugVhgudXLs=",
    "J0z3X5qTb9WFC1gABhVFx0bW1rVZRL+DAoBL2e2h4G4=",
    "NmSbYg25xNFzTRerIsF3HbEMyTIDqW87AQd9ekzopE8=",
    "L8BZipjURnkctkjJtGJs+YyTXMssvNKA7+a8nV2JT/s=",
    "pva4RFzCejMkVMVmYc93As2lbk7WAyrw58TvrzEOjNc=",
]

ENTRIES = [f"entry {index}".encode() for index in range(LARGEST)]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


class Store(dict[tuple[int, int], bytes]):
    """The complete subtrees of a growing tree, in memory."""

    def keep(self, level: int, index: int, value: bytes) -> None:
        assert (level, index) not in self, "kept twice"
        self[level, index] = value

    def read(self, level: int, index: int) -> bytes:
        return self[level, index]


@pytest.fixture(scope="module")
def store() -> Store:
    store = Store()
    merkle.grow(merkle.Frontier.empty(), LEAVES, store.keep)
    return store


@pytest.fixture(scope="module")
def roots(store: Store) -> list[bytes]:
    return [merkle.root(size, store.read) for size in range(LARGEST + 1)]


# The definitions of RFC 6962 2.1, 2.1.1 and 2.1.2, word for word.


@functools.cache
def mth(begin: int, end: int) -> bytes:
    if end == begin + 1:
        return LEAVES[begin]
    middle = begin + largest_power_below(end - begin)
    return merkle.node_hash(mth(begin, middle), mth(middle, end))


@functools.cache
def path(index: int, begin: int, end: int) -> tuple[bytes, ...]:
    if end == begin + 1:
        return ()
    k = largest_power_below(end - begin)
    if index < k:
        return (*path(index, begin, begin + k), mth(begin + k, end))
    return (*path(index - k, begin + k, end), mth(begin, begin + k))


@functools.cache
def subproof(old: int, begin: int, end: int, whole: bool) -> tuple[bytes, ...]:
    if old == end - begin:
        return () if whole else (mth(begin, end),)
    k = largest_power_below(end - begin)
    if old <= k:
        return (*subproof(old, begin, begin + k, whole), mth(begin + k, end))
    return (*subproof(old - k, begin + k, end, False), mth(begin, begin + k))


def largest_power_below(width: int) -> int:
    k = 1
    while 2 * k < width:
        k *= 2
    return k


def flip(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


def wrong_versions(proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """A proof cut, lengthened, with two neighbours swapped and with one bit flipped, at every place."""
    wrong = [(*proof, LEAVES[0]), (LEAVES[0], *proof), (*proof, merkle.EMPTY_ROOT)]
    if proof:
        wrong += [(*proof, proof[-1]), (proof[0], *proof), proof[:-1], proof[1:], ()]
    for place, value in enumerate(proof):
        wrong.append((*proof[:place], flip(value, 37 * place + 5), *proof[place + 1 :]))
        wrong.append((*proof[:place], value, *proof[place:]))
        wrong.append((*proof[:place], value[:-1], *proof[place + 1 :]))
        if place:
            wrong.append((*proof[: place - 1], value, proof[place - 1], *proof[place + 1 :]))
    return wrong


def test_hashes_roots_and_proofs_are_those_of_the_reference_implementation() -> None:
    store = Store()
    leaves = [merkle.leaf_hash(entry) for entry in CT_LEAVES]
    frontier = merkle.grow(merkle.Frontier.empty(), leaves, store.keep)
    assert [merkle.root(size, store.read).hex() for size in range(9)] == CT_ROOTS
    assert frontier.root().hex() == CT_ROOTS[8]
    for (index, size), expected in CT_INCLUSION.items():
        assert [value.hex() for value in merkle.inclusion_proof(index, size, store.read)] == expected
    for (old_size, new_size), expected in CT_CONSISTENCY.items():
        assert [value.hex() for value in merkle.consistency_proof(old_size, new_size, store.read)] == expected


def test_a_proof_out_of_another_implementations_log_is_accepted() -> None:
    known = {
        "leaf": merkle.leaf_hash(TESSERA_ENTRY),
        "proof": tuple(base64.b64decode(value) for value in TESSERA_PROOF),
        "root": base64.b64decode(TESSERA_ROOT),
    }
    merkle.verify_inclusion(index=76_958, size=76_959, **known)  # type: ignore[arg-type]
    for index, size in ((76_957, 76_959), (76_958, 76_960), (76_959, 76_960)):
        with pytest.raises(merkle.ProofError):
            merkle.verify_inclusion(index=index, size=size, **known)  # type: ignore[arg-type]


def test_every_entry_of_every_tree_is_shown_to_be_in_it(store: Store, roots: list[bytes]) -> None:
    for size in range(1, LARGEST + 1):
        assert roots[size] == mth(0, size)
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, store.read)
            assert proof == path(index, 0, size)
            merkle.verify_inclusion(leaf=LEAVES[index], index=index, size=size, proof=proof, root=roots[size])


def test_every_tree_is_shown_to_begin_every_larger_one(store: Store, roots: list[bytes]) -> None:
    for new_size in range(LARGEST + 1):
        for old_size in range(new_size + 1):
            proof = merkle.consistency_proof(old_size, new_size, store.read)
            assert proof == (subproof(old_size, 0, new_size, True) if old_size else ())
            merkle.verify_consistency(
                old_size=old_size,
                new_size=new_size,
                old_root=roots[old_size],
                new_root=roots[new_size],
                proof=proof,
            )


def test_an_independent_implementation_has_the_same_roots_and_inclusion_proofs(
    store: Store, roots: list[bytes]
) -> None:
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in ENTRIES:
        oracle.append_entry(entry)
    assert [oracle.get_root(size) for size in range(LARGEST + 1)] == roots
    for size in range(1, LARGEST + 1):
        for index in range(size):
            leaf, *siblings = oracle.prove_inclusion(index + 1, size).path
            assert leaf == LEAVES[index]
            assert tuple(siblings) == merkle.inclusion_proof(index, size, store.read)


def test_an_independent_implementation_agrees_which_tree_begins_which(roots: list[bytes]) -> None:
    # Its consistency proofs have a form of their own, so what can be compared is what they lead to.
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in ENTRIES:
        oracle.append_entry(entry)
    for new_size in range(1, LARGEST + 1):
        for old_size in range(1, new_size + 1):
            oracle.prove_consistency(old_size, new_size).verify(roots[old_size], roots[new_size])


def test_a_changed_inclusion_proof_is_refused(store: Store, roots: list[bytes]) -> None:
    for size in (*range(1, 101), 127, 128, 129, 255, 256):
        for index in range(size):
            right = {"leaf": LEAVES[index], "index": index, "size": size, "root": roots[size]}
            proof = merkle.inclusion_proof(index, size, store.read)
            for wrong in wrong_versions(proof):
                with pytest.raises(merkle.ProofError):
                    merkle.verify_inclusion(proof=wrong, **right)
            for change in (
                {"index": (index + 1) % size} if size > 1 else {"index": 1},
                {"index": index ^ 1},
                {"leaf": flip(LEAVES[index], index)},
                {"root": flip(roots[size], index)},
                {"root": roots[size - 1]},
            ):
                with pytest.raises(merkle.ProofError):
                    merkle.verify_inclusion(proof=proof, **(right | change))


def test_a_changed_consistency_proof_is_refused(store: Store, roots: list[bytes]) -> None:
    for new_size in (*range(1, 101), 127, 128, 129, 255, 256):
        for old_size in range(1, new_size + 1):
            right = {
                "old_size": old_size,
                "new_size": new_size,
                "old_root": roots[old_size],
                "new_root": roots[new_size],
            }
            proof = merkle.consistency_proof(old_size, new_size, store.read)
            for wrong in wrong_versions(proof):
                with pytest.raises(merkle.ProofError):
                    merkle.verify_consistency(proof=wrong, **right)
            for change in (
                {"old_root": flip(roots[old_size], new_size)},
                {"new_root": flip(roots[new_size], old_size)},
                {"old_root": roots[old_size - 1]},
                {"old_root": roots[new_size], "new_root": roots[old_size]} if old_size < new_size else {"old_size": 0},
            ):
                with pytest.raises(merkle.ProofError):
                    merkle.verify_consistency(proof=proof, **(right | change))


def test_a_rewritten_history_is_never_consistent(roots: list[bytes]) -> None:
    # The log grows honestly to 40 entries, and then shows a tree in which one early entry is another.
    for changed in range(40):
        store = Store()
        leaves = [*LEAVES[:changed], merkle.leaf_hash(b"forged"), *LEAVES[changed + 1 : 60]]
        forged = merkle.grow(merkle.Frontier.empty(), leaves, store.keep).root()
        with pytest.raises(merkle.ProofError):
            merkle.verify_consistency(
                old_size=40,
                new_size=60,
                old_root=roots[40],
                new_root=forged,
                proof=merkle.consistency_proof(40, 60, store.read),
            )


def test_an_inner_node_cannot_pose_as_an_entry(store: Store, roots: list[bytes]) -> None:
    posing = store[0, 0] + store[0, 1]
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(leaf=merkle.leaf_hash(posing), index=0, size=4, proof=(store[1, 1],), root=roots[8])
    assert merkle.leaf_hash(posing) != store[1, 0]


def test_nothing_is_in_the_empty_tree() -> None:
    for proof in ((), (merkle.EMPTY_ROOT,)):
        with pytest.raises(merkle.ProofError):
            merkle.verify_inclusion(leaf=merkle.EMPTY_ROOT, index=0, size=0, proof=proof, root=merkle.EMPTY_ROOT)


def test_the_empty_tree_has_one_root_and_begins_every_tree(roots: list[bytes]) -> None:
    empty = {"old_size": 0, "old_root": merkle.EMPTY_ROOT, "proof": ()}
    merkle.verify_consistency(new_size=7, new_root=roots[7], **empty)  # type: ignore[arg-type]
    merkle.verify_consistency(new_size=0, new_root=merkle.EMPTY_ROOT, **empty)  # type: ignore[arg-type]
    for change in (
        {"old_root": roots[1]},
        {"proof": (roots[1],)},
        {"new_size": 0},
        {"new_root": b""},
    ):
        with pytest.raises(merkle.ProofError):
            merkle.verify_consistency(**({"new_size": 7, "new_root": roots[7]} | empty | change))  # type: ignore[arg-type]


_odd = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-3, 12),
    st.sampled_from([-1, 2**63, 2**64, 2**200]),
    st.binary(max_size=40),
    st.text(max_size=4),
    st.lists(st.binary(min_size=32, max_size=32), max_size=4),
    st.lists(st.none() | st.integers() | st.binary(min_size=31, max_size=33), max_size=4).map(tuple),
)


# Python refuses to write out a number of this length, which must not come out of our messages as a ValueError.
@pytest.mark.parametrize("huge", [10**5000, -(10**5000)], ids=["positive", "negative"])
def test_a_number_too_long_to_be_written_is_only_wrong(huge: int) -> None:
    calls: list[Callable[[], object]] = [
        lambda: merkle.verify_inclusion(leaf=LEAVES[0], index=huge, size=9, proof=(), root=LEAVES[0]),
        lambda: merkle.verify_inclusion(leaf=LEAVES[0], index=0, size=huge, proof=(), root=LEAVES[0]),
        lambda: merkle.verify_consistency(old_size=huge, new_size=9, old_root=LEAVES[0], new_root=LEAVES[0], proof=()),
        lambda: merkle.verify_consistency(old_size=1, new_size=huge, old_root=LEAVES[0], new_root=LEAVES[0], proof=()),
        lambda: merkle.inclusion_proof(huge, 9, Store().read),
        lambda: merkle.inclusion_proof(0, huge, Store().read),
        lambda: merkle.consistency_proof(0, huge, Store().read),
        lambda: merkle.Frontier.from_bytes(huge, b""),
    ]
    for call in calls:
        with pytest.raises(merkle.ProofError):
            call()


@given(st.sampled_from(["leaf", "index", "size", "proof", "root"]), _odd)
def test_only_our_error_comes_of_odd_inclusion_arguments(name: str, value: object) -> None:
    right = {"leaf": LEAVES[4], "index": 4, "size": 9, "proof": path(4, 0, 9), "root": mth(0, 9)}
    merkle.verify_inclusion(**right)  # type: ignore[arg-type]
    if value == right[name] and type(value) is type(right[name]):
        return
    if name == "size" and type(value) is int and value in range(9, 17):
        return  # the same path leads through a tree of these sizes; the checkpoint binds the size
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(**(right | {name: value}))  # type: ignore[arg-type]


@given(st.sampled_from(["old_size", "new_size", "old_root", "new_root", "proof"]), _odd)
def test_only_our_error_comes_of_odd_consistency_arguments(name: str, value: object) -> None:
    right = {
        "old_size": 5,
        "new_size": 9,
        "old_root": mth(0, 5),
        "new_root": mth(0, 9),
        "proof": subproof(5, 0, 9, True),
    }
    merkle.verify_consistency(**right)  # type: ignore[arg-type]
    if value == right[name] and type(value) is type(right[name]):
        return
    if name == "new_size" and type(value) is int and value in range(9, 17):
        return  # as above
    with pytest.raises(merkle.ProofError):
        merkle.verify_consistency(**(right | {name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 4), (4, 4), (True, 4), (0, 2**63), (0, -1), (1.0, 4)])
def test_no_proof_is_made_for_a_leaf_that_is_not_there(store: Store, index: int, size: int) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.inclusion_proof(index, size, store.read)
    with pytest.raises(merkle.ProofError):
        merkle.consistency_proof(size + 1, size, store.read)


@pytest.mark.parametrize("broken", [b"", bytes(31), bytes(33)])
def test_a_store_that_gives_no_hash_is_noticed(broken: bytes) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.root(6, lambda *_place: broken)


def test_proofs_of_a_huge_tree_need_few_reads() -> None:
    same = merkle.leaf_hash(b"same")
    levels = list(itertools.accumulate(range(62), lambda value, _: merkle.node_hash(value, value), initial=same))
    reads = []

    def read(level: int, index: int) -> bytes:
        reads.append((level, index))
        return levels[level]

    size = merkle.MAX_SIZE
    root = merkle.root(size, read)
    for index in (0, 1, 2**62 - 1, 2**62, size // 3, size - 1):
        reads.clear()
        proof = merkle.inclusion_proof(index, size, read)
        assert len(reads) <= 2 * 63
        merkle.verify_inclusion(leaf=same, index=index, size=size, proof=proof, root=root)
        reads.clear()
        proof = merkle.consistency_proof(index + 1, size, read)
        assert len(reads) <= 2 * 63
        old_root = merkle.root(index + 1, read)
        merkle.verify_consistency(old_size=index + 1, new_size=size, old_root=old_root, new_root=root, proof=proof)


@given(st.lists(st.integers(0, 40), max_size=8))
def test_a_tree_that_grows_in_steps_keeps_every_complete_subtree_once(steps: list[int]) -> None:
    store, frontier, position = Store(), merkle.Frontier.empty(), 0
    for step in steps:
        frontier = merkle.Frontier.from_bytes(frontier.size, frontier.to_bytes())
        frontier = merkle.grow(frontier, LEAVES[position : position + step], store.keep)
        position = min(position + step, LARGEST)
    complete = {
        (level, index): mth(index << level, (index + 1) << level)
        for level in range(9)
        for index in range(position >> level)
    }
    assert store == complete
    assert frontier.root() == (mth(0, position) if position else merkle.EMPTY_ROOT)


def test_leaf_by_leaf_the_frontier_has_every_root(roots: list[bytes]) -> None:
    frontier = merkle.Frontier.empty()
    for size, leaf in enumerate(LEAVES):
        assert (frontier.size, frontier.root()) == (size, roots[size])
        frontier = frontier.append(leaf)
    assert frontier.root() == roots[LARGEST]


def test_a_frontier_takes_exactly_the_hashes_that_its_size_asks_for() -> None:
    for size, count in itertools.product(range(20), range(6)):
        data = bytes(count * merkle.HASH_BYTES)
        if count == size.bit_count():
            assert merkle.Frontier.from_bytes(size, data).to_bytes() == data
        else:
            with pytest.raises(merkle.ProofError):
                merkle.Frontier.from_bytes(size, data)


@pytest.mark.parametrize(
    ("size", "data"),
    [(1, bytes(31)), (1, bytes(33)), (1, "x" * 32), (-1, bytes(32)), (2**63, bytes(32)), (1.0, bytes(32))],
)
def test_a_damaged_frontier_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.Frontier.from_bytes(size, data)


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33), "x" * 32, None])
def test_only_a_hash_becomes_a_leaf(leaf: bytes) -> None:
    with pytest.raises(merkle.ProofError):
        merkle.Frontier.empty().append(leaf)


def test_a_wrong_proof_is_the_fault_of_who_handed_it_in() -> None:
    assert issubclass(merkle.ProofError, DocumentError)
