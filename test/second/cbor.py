"""Canonical dag-cbor, digests and CIDs: docs/spec/encodings.md."""

from hashlib import sha256


class Bad(Exception):
    """Something shown does not hold."""


def must(holds, why):
    if not holds:
        raise Bad(why)


class Link(bytes):
    """A CID, as its bytes."""


def head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + n.to_bytes(size, "big")
    raise Bad("an integer is over 64 bits")


def encode(value):
    if value is None or isinstance(value, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, Link):
        return b"\xd8\x2a" + encode(b"\0" + bytes(value))
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return head(3, len(text)) + text
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(encode, value))
    keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
    return head(5, len(keys)) + b"".join(encode(key) + encode(value[key]) for key in keys)


MAX_DEPTH, MAX_ITEMS = 64, 1 << 20


def decode(data):
    items = 0

    def item(at, depth):
        nonlocal items
        items += 1
        must(depth <= MAX_DEPTH and items <= MAX_ITEMS, "more levels or items than are allowed")
        major, low = data[at] >> 5, data[at] & 31
        at += 1
        if major == 7:
            must(low in (20, 21, 22), "a value that is not allowed")
            return {20: False, 21: True, 22: None}[low], at
        if low >= 24:
            must(low < 28, "an indefinite length")
            size = 1 << low - 24
            must(at + size <= len(data), "the bytes end too early")
            low, at = int.from_bytes(data[at : at + size], "big"), at + size
        if major < 2:
            return (low if major == 0 else -1 - low), at
        if major < 4:
            part = data[at : at + low]
            must(len(part) == low, "the bytes end too early")
            return (part if major == 2 else part.decode()), at + low
        if major == 6:
            inner, at = item(at, depth + 1)
            must(low == 42 and type(inner) is bytes and inner[:1] == b"\0", "a tag that is not a link")
            must_be_cid(inner[1:])
            return Link(inner[1:]), at
        must(low <= len(data), "more items than bytes")
        out = []
        for i in range(low if major == 4 else 2 * low):
            value, at = item(at, depth + 1)
            must(major == 4 or i % 2 or isinstance(value, str), "a key that is no text")
            out.append(value)
        return (out if major == 4 else dict(zip(out[::2], out[1::2]))), at

    try:
        value, end = item(0, 0)
    except (IndexError, UnicodeDecodeError) as cause:
        raise Bad("not dag-cbor") from cause
    must(end == len(data) and encode(value) == data, "not canonical dag-cbor")
    return value


RAW, DAG_PB, DAG_CBOR = 0x55, 0x70, 0x71


def must_be_cid(data):
    must(len(data) == 36 and data[0] == 1 and data[1] in (RAW, DAG_PB, DAG_CBOR) and data[2:4] == b"\x12\x20", "no CID of version 1 with sha2-256")


def cid(data, codec=DAG_CBOR):
    return Link(bytes([1, codec, 0x12, 32]) + sha256(data).digest())


def digest(use, data):
    return sha256(domain(use) + data).digest()


def domain(use):
    return b"utnet/" + use.encode() + b"/1\0"
