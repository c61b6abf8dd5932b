"""Bundles that are nearly right: bytes changed, cut, doubled; values changed inside blocks, with the names of all blocks above made anew; parts of one bundle in another.

    python3 mutants.py SEED COUNT GENESIS BUNDLE...

writes COUNT lines of JSON, {what, bundle (base64), holds, why}: what `bundle.py` says of each.
"""

import json
import random
import sys
from base64 import b64encode

import bundle as bundles
from car import read_car, varint, write_car
from cbor import DAG_CBOR, Bad, Link, cid, decode, encode, head


def places(value, path=()):
    """All places of a decoded value, as paths of keys and indices."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*path, key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from places(part, (*path, i))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def put(value, path, part):
    """The value with another part at a place."""
    if not path:
        return part
    out = dict(value) if isinstance(value, dict) else list(value)
    out[path[0]] = put(value[path[0]], path[1:], part)
    return out


def other(rng, value, pool):
    """Something near a value."""
    tries = [None, 0, 1, b"", "", [], rng.choice(pool)]
    if isinstance(value, bool) or value is None:
        tries = [not value, *tries]
    elif isinstance(value, int):
        tries = [value + 1, value - 1, value + (1 << 32), (1 << 53) + value, (1 << 64) - 1, -value - 1, *tries[:3]]
    elif isinstance(value, Link):
        tries = [bytes(value), Link(value[:1] + bytes([rng.choice((0x55, 0x70, 0x71, 0x72))]) + value[2:]), *(part for part in pool if isinstance(part, Link))]
    elif isinstance(value, bytes):
        i = rng.randrange(len(value)) if value else 0
        flipped = value[:i] + bytes([(value[i] if value else 0) ^ 1 << rng.randrange(8)]) + value[i + 1 :]
        tries = [flipped, flipped, value[:-1], value + b"\0", bytes(len(value)), *(part for part in pool if type(part) is bytes and len(part) == len(value))]
    elif isinstance(value, str):
        tries = [value + "x", value[:-1], value.upper(), *(part for part in pool if isinstance(part, str))]
    elif isinstance(value, list):
        i = rng.randrange(len(value) + 1)
        tries = [value[:i] + value[i + 1 :], value[:i] + [rng.choice(pool)] + value[i:], value[:i] + value[i : i + 1] * 2 + value[i + 1 :], value[::-1], value + [None], [], None]
    elif isinstance(value, dict):
        key = rng.choice(list(value) or ["x"])
        tries = [{k: v for k, v in value.items() if k != key}, {**value, "extra": None}, None, list(value.values())]
    return rng.choice(tries)


def loosely(rng, value):
    """An encoding of the same value that is not canonical."""
    plain = encode(value)
    spots = [i for i, byte in enumerate(plain) if byte & 31 < 23]
    i = rng.choice(spots)
    return rng.choice(
        [
            plain[:i] + bytes([plain[i] & 0xE0 | 24, plain[i] & 31]) + plain[i + 1 :],
            plain + b"\0",
            plain[:-1],
            bytes([plain[0] & 0xE0 | 31]) + plain[1:] + b"\xff",
            head(5, len(value)) + b"".join(encode(k) + encode(v) for k, v in reversed(value.items())) if isinstance(value, dict) else plain + plain,
        ]
    )


def renamed(value, old, new):
    if isinstance(value, Link):
        return new if value == old else value
    if isinstance(value, dict):
        return {key: renamed(part, old, new) for key, part in value.items()}
    return [renamed(part, old, new) for part in value] if isinstance(value, list) else value


def replace(root, blocks, old, data):
    """The file with another block in place of one, and what links to it renamed, up to the root."""
    new = cid(data, old[1])
    out = {**blocks, new: data}
    if old == root:
        return new, out
    top = encode(renamed(decode(blocks[root]), old, new))  # the root links to all blocks but those of files
    return cid(top), {**out, cid(top): top}


def mutant(rng, files):
    """What was done, and the bytes."""
    data = rng.choice(files)
    root, blocks = read_car(data)
    kind = rng.choice(["bytes", "blocks", "value", "value", "value", "value", "value", "loose", "swap", "swap"])
    if kind == "bytes":
        i = rng.randrange(len(data))
        how = rng.choice(["flip", "cut", "insert", "append", "drop"])
        out = {
            "flip": data[:i] + bytes([data[i] ^ 1 << rng.randrange(8)]) + data[i + 1 :], "cut": data[:i],
            "insert": data[:i] + bytes([rng.randrange(256)]) + data[i:], "append": data + bytes(rng.randrange(1, 4)), "drop": data[:i] + data[i + 1 :],
        }[how]  # fmt: skip
        return f"{how} at {i}", out
    if kind == "blocks":
        names = list(blocks)
        how = rng.choice(["order", "missing", "twice", "foreign", "long number", "head"])
        i, j = rng.randrange(len(names)), rng.randrange(len(names))
        if how == "order":
            names[i], names[j] = names[j], names[i]
        elif how == "missing":
            names.pop(i)
        out = write_car(root, {name: blocks[name] for name in names})
        if how == "twice":
            out += varint(36 + len(blocks[names[i]])) + names[i] + blocks[names[i]]
        elif how == "foreign":
            block = encode({"extra": rng.randrange(1 << 30)})
            out += varint(36 + len(block)) + cid(block) + block
        elif how == "long number":
            out = bytes([out[0] | 128, 0]) + out[1:]
        elif how == "head":
            top = encode(rng.choice([{"roots": [root], "version": 2}, {"roots": [root, root], "version": 1}, {"roots": [root], "version": 1, "x": 0}]))
            out = varint(len(top)) + top + out[1 + out[0] :]
        return f"blocks: {how} {i} {j}", out
    if kind == "swap":
        root2, blocks2 = read_car(rng.choice(files))
        top, top2 = decode(blocks[root]), decode(blocks2[root2])
        keys = rng.sample([key for key in top if key in top2], rng.choice([1, 1, 2, 3]))
        merged = {**blocks, **blocks2}
        return "swap " + ", ".join(keys), in_order(merged, encode({**top, **{key: top2[key] for key in keys}}))
    link = rng.choice([name for name in blocks if name[1] == DAG_CBOR] + [root] * 3)
    value = decode(blocks[link])
    if kind == "loose":
        new, blocks_ = replace(root, blocks, link, loosely(rng, value))
        return "loose " + part_of(root, blocks, link), in_order(blocks_, blocks_[new])
    path = rng.choice(list(places(value)))
    pool = [at(value, p) for p in places(value)] + list(blocks)
    new_value = put(value, path, other(rng, at(value, path), pool))
    new, blocks_ = replace(root, blocks, link, encode(new_value))
    return f"value {part_of(root, blocks, link)} {'.'.join(map(str, path))}", in_order(blocks_, blocks_[new])


def part_of(root, blocks, link):
    top = decode(blocks[root])
    found = next((path for path in places(top) if isinstance(at(top, path), Link) and at(top, path) == link), ("root",))
    return ".".join(map(str, found))


def in_order(blocks, top):
    """The file of this root, blocks in their canonical order where they have one."""
    name = cid(top)
    try:
        taken = bundles.Bundle.__new__(bundles.Bundle)
        taken.blocks, taken.name = {**blocks, name: top}, name
        taken.collect()
        return write_car(name, taken.taken)
    except (Bad, TypeError, AttributeError, KeyError, ValueError, IndexError):
        return write_car(name, {name: top, **blocks})


def main(seed, count, genesis, *paths):
    rng = random.Random(int(seed))
    genesis = open(genesis, "rb").read()
    files = [open(path, "rb").read() for path in paths]
    for _ in range(int(count)):
        what, data = mutant(rng, files)
        why = None
        try:
            bundles.check(genesis, data)
        except Bad as bad:
            why = str(bad)
        print(json.dumps({"what": what, "bundle": b64encode(data).decode(), "holds": why is None, "why": why, "same": data in files}))


if __name__ == "__main__":
    main(*sys.argv[1:])
