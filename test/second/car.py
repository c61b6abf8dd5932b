"""CAR files of version 1 with one root, and files of UnixFS: docs/spec/encodings.md, receipts.md (Bundle)."""

from cbor import DAG_CBOR, DAG_PB, RAW, Link, cid, decode, encode, must, must_be_cid
from shapes import is_link, is_map, is_one_of, is_tuple, shaped


def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def read_varint(data, at):
    n = shift = 0
    while True:
        must(at < len(data) and shift < 63, "a number that does not end")
        n |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return n, at


def read_car(data):
    """The root and the blocks by name, in their order. Each block hashes to its name."""
    size, at = read_varint(data, 0)
    must(0 < size <= len(data) - at, "the file ends in its head")
    top = shaped(decode(data[at : at + size]), is_map(roots=is_tuple(is_link), version=is_one_of(1)), "the head of the CAR")
    at += size
    blocks = {}
    while at < len(data):
        size, at = read_varint(data, at)
        must(36 <= size <= len(data) - at, "the file ends in a block")
        must_be_cid(data[at : at + 36])
        name, block = Link(data[at : at + 36]), data[at + 36 : at + size]
        must(name == cid(block, name[1]), "a block does not hash to its name")
        must(name not in blocks, "a block stands twice")
        blocks[name] = block
        at += size
    must(top["roots"][0] in blocks, "the root is missing")
    return top["roots"][0], blocks


def write_car(root, blocks):
    top = encode({"roots": [root], "version": 1})
    return b"".join([varint(len(top)), top, *(varint(36 + len(block)) + name + block for name, block in blocks.items())])


# --- files ---------------------------------------------------------------------------------------------------------------------------------------------

CHUNK, WIDTH = 1 << 20, 1024


def field(number, data):
    """A field of protobuf: bytes, or a number."""
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data


def file_blocks(data):
    """The blocks of a file, its leaves first and its root last (encodings.md: UnixFS v1, raw leaves, balanced)."""
    level = [(cid(data[i : i + CHUNK], RAW), len(data[i : i + CHUNK]), len(data[i : i + CHUNK])) for i in range(0, max(len(data), 1), CHUNK)]
    out = {name: data[i * CHUNK : (i + 1) * CHUNK] for i, (name, _, _) in enumerate(level)}
    while len(level) > 1:
        above = []
        for i in range(0, len(level), WIDTH):
            part = level[i : i + WIDTH]
            links = b"".join(field(2, field(1, name) + field(2, b"") + field(3, total)) for name, _, total in part)
            size = sum(size for _, size, _ in part)
            node = links + field(1, field(1, 2) + field(3, size) + b"".join(field(4, size) for _, size, _ in part))
            name = cid(node, DAG_PB)
            out[name] = node
            above.append((name, size, len(node) + sum(total for _, _, total in part)))
        level = above
    return level[0][0], out


def read_proto(data):
    out, at = [], 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            must(value <= len(data) - at, "a field that does not end")
            value, at = data[at : at + value], at + value
        else:
            must(tag & 7 == 0, "a field of a kind that is not known")
        out.append((tag >> 3, value))
    return out


def read_file(name, blocks):
    """The bytes of a file, and the blocks that it has, the root first, depth-first."""
    seen = []

    def walk(name):
        must(name in blocks, "a block is missing")
        seen.append(name)
        if name[1] == RAW:
            return blocks[name]
        must(name[1] == DAG_PB, "a block that is part of no file")
        out = b""
        for number, value in read_proto(blocks[name]):
            if number == 2:
                links = dict(read_proto(value))
                must_be_cid(links.get(1, b""))
                out += walk(Link(links[1]))
        return out

    data = walk(name)
    must(file_blocks(data)[0] == name, "a file that is cut in another way")
    return data, seen
