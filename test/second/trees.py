"""Merkle trees of RFC 6962 and compact sparse tries: docs/spec/encodings.md, chain.md, light.md (Bytes)."""

from hashlib import sha256

from cbor import must
from shapes import is_hash, is_list, is_map, is_null, is_tuple, is_uint, either, shaped


def leaf(data):
    return sha256(b"\0" + data).digest()


def inner(left, right):
    return sha256(b"\1" + left + right).digest()


def root_of(hashes):
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return inner(root_of(hashes[:half]), root_of(hashes[half:]))


def merkle(leaves):
    return root_of([leaf(data) for data in leaves])


def climb(hash_, index, path):
    """The root that a path leads to, by an index whose bit i says that sibling i stands left."""
    must(index < 1 << len(path), "an index with more bits than the path is long")
    for i, sibling in enumerate(path):
        hash_ = inner(sibling, hash_) if index >> i & 1 else inner(hash_, sibling)
    return hash_


def audit(hash_, index, size, path):
    """The root of a tree of `size` leaves by the path of leaf `index` (RFC 9162 2.1.3.2)."""
    must(index < size, "an index beyond the tree")
    fn, sn = index, size - 1
    for sibling in path:
        must(sn > 0, "a path that is too long")
        if fn & 1 or fn == sn:
            hash_ = inner(sibling, hash_)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = inner(hash_, sibling)
        fn, sn = fn >> 1, sn >> 1
    must(sn == 0, "a path that is too short")
    return hash_


is_trie_proof = is_map(
    depth=lambda v: is_uint()(v) and v <= 256,
    siblings=is_list(is_tuple(is_uint(), is_hash), 256),
    other=either(is_null, is_tuple(is_hash, is_hash)),
)


def bit(position, depth):
    return position[depth >> 3] >> 7 - (depth & 7) & 1


def trie_root(key, value, proof):
    """The root of a trie that holds `value` under `key`, or, where value is None, nothing."""
    shaped(proof, is_trie_proof, "a trie proof")
    depth, siblings, other = proof["depth"], proof["siblings"], proof["other"]
    position = sha256(key).digest()
    depths = [d for d, _ in siblings]
    must(depths == sorted(set(depths)) and all(d < depth for d in depths), "siblings out of order")
    must(all(hash_ != bytes(32) for _, hash_ in siblings), "a sibling that is empty")
    if value is not None:
        must(other is None, "a proof of another leaf")
        hash_ = sha256(b"\0" + position + sha256(value).digest()).digest()
    elif other is None:
        hash_ = bytes(32)
    else:
        must(other[0] != position and all(bit(other[0], d) == bit(position, d) for d in range(depth)), "a leaf that does not stand in the way")
        hash_ = sha256(b"\0" + other[0] + other[1]).digest()
    at = dict(map(tuple, siblings))
    for d in range(depth - 1, -1, -1):
        sibling = at.get(d, bytes(32))
        hash_ = sha256(sibling + hash_ if bit(position, d) else hash_ + sibling).digest()
    return hash_
