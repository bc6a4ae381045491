"""A process of its own that makes documents in one way, and the most memory that it held.

Started by bench/render.py. It makes the first documents of their kind, whose plates the folder has already.
"""

import argparse
import json
import logging
import pathlib
import resource
import sys
import tempfile
import warnings

from bench.rendering.naive import Naive, Pages
from bench.rendering.ours import Ours
from bench.rendering.permits import KINDS, Documents
from templates.fonts import Fonts

_MIB = 2**20


def peak_mib() -> float:
    """The most memory that this process ever held.

    Linux hands `ru_maxrss` on from whoever started the process, but not what /proc says.
    """
    status = pathlib.Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024 / _MIB


def main() -> int:
    """Make them and print the peak in MiB, and that before the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("how", choices=("ours", "naive"))
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("count", type=int)
    parser.add_argument("plates", type=pathlib.Path)
    flags = parser.parse_args()
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    warnings.simplefilter("ignore", ResourceWarning)
    documents = Documents(KINDS[flags.kind])
    document = documents.next()
    with tempfile.TemporaryDirectory() as folder:
        peer: Ours | Naive = Ours(documents.pack, flags.plates)
        if flags.how == "naive":
            typeface = Fonts.find(document.shape["typeface"])
            peer = Naive(Pages(documents.pack, typeface, pathlib.Path(folder)))
        start = peak_mib()
        for _ in range(flags.count):
            peer.pdf(document)
            document = documents.next()
    print(json.dumps({"peak": round(peak_mib(), 1), "start": round(start, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
