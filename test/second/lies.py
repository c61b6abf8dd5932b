"""Bundles of a liar: one value of a forged chain is another, and all that is hashed and signed above it is made to fit.

    python3 lies.py SEED COUNT
    python3 lies.py true

writes COUNT lines of JSON, {what, genesis, bundle (base64), holds, why, same}: what `bundle.py` says of each. The other form writes a bundle of each kind with nothing changed.
"""

import json
import random
import sys
from base64 import b64encode

import bundle as bundles
from cbor import Bad
from forge import Forge
from mutants import at, other, places, put

KINDS = ("invoke", "infer", "call")


def stages_of(kind, dev):
    """What a forger says at each stage, when nothing is changed."""
    said = {}

    def listen(stage, value):
        if not stage.startswith("plain"):
            said[stage] = value
        return value

    Forge(listen, dev).bundle(kind)
    return said


def lie(rng, said):
    """The stage, the place and the other value."""
    stage = rng.choice(list(said))
    value = said[stage]
    path = rng.choice(list(places(value)))
    pool = [at(part, p) for part in said.values() for p in places(part)]
    return stage, path, put(value, path, other(rng, at(value, path), pool))


def verdict(what, forge, made, same):
    why = None
    try:
        bundles.check(forge.genesis, made)
    except Bad as bad:
        why = str(bad)
    files = {"genesis": b64encode(forge.genesis).decode(), "bundle": b64encode(made).decode()}
    return json.dumps({"what": what, **files, "holds": why is None, "why": why, "same": same})


def main(seed, count=0):
    if seed == "true":
        for kind in KINDS:
            forge = Forge(dev=False)
            print(verdict(kind, forge, forge.bundle(kind), True))
        return
    rng = random.Random(int(seed))
    said = {(kind, dev): stages_of(kind, dev) for kind in KINDS for dev in (True, False)}
    done = 0
    while done < int(count):
        kind, dev = rng.choice(list(said))
        stage, path, value = lie(rng, said[kind, dev])
        try:
            forge = Forge(lambda at_, honest, stage=stage, value=value: value if at_ == stage else honest, dev)
            made = forge.bundle(kind)
        except (Bad, TypeError, KeyError, ValueError, IndexError, AttributeError, OverflowError):
            continue  # nothing can be made of this
        print(verdict(f"{kind}: {stage} {'.'.join(map(str, path))}", forge, made, value == said[kind, dev][stage]))
        done += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
