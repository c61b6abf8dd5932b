"""Checks a proof bundle, written from docs/spec alone.

    python3 check_bundle.py GENESIS BUNDLE [CHECKPOINT]

GENESIS is canonical dag-cbor, BUNDLE a CAR file, CHECKPOINT the bytes of a point that is trusted in place of the genesis (light.md). Prints what was proven; exits 1 where anything does not
hold. It needs the standard library of Python 3.9 or later and nothing else: dag-cbor, CAR, Merkle trees and tries, ed25519, BLS12-381 and the light client are the files beside it.
It runs nothing again: that is for `utnet verify --reexecute`.
"""

import sys
from time import time

from bundle import check
from cbor import Bad


def main(genesis, bundle, checkpoint=None):
    files = [open(path, "rb").read() if path else None for path in (genesis, bundle, checkpoint)]
    try:
        body = check(*files, now=int(time() * 1000))
    except Bad as bad:
        print(f"does not hold: {bad}", file=sys.stderr)
        return 1
    print(f"{body['kind']} of {body['entry']}: {body['status']}, {body['gas']} gas")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
