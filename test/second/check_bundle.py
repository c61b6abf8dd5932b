"""A second implementation of the light client and of what a proof bundle shows, written from docs/spec alone (encodings, chain, light, receipts, signatures).

    python3 check_bundle.py GENESIS BUNDLE

GENESIS is canonical dag-cbor, BUNDLE a CAR file. Prints what holds; exits 1 at the first thing that does not. Of BLS12-381 it takes the curve and the pairing from
`py_ecc` (PyPI); everything else is here: dag-cbor, CAR, Merkle trees and tries, ed25519, certificates, epochs. It runs nothing again and opens no part: that is for `utnet verify`.
"""

import sys
from hashlib import sha256, sha512


class Bad(Exception):
    """Something shown does not hold."""


def must(holds, why):
    if not holds:
        raise Bad(why)


# --- canonical dag-cbor (encodings.md) ---------------------------------------------------------------------------------------------------------------


class Link(bytes):
    """A CID, as bytes."""


def head(major, n):
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 24:
            return bytes([major << 5 | n])
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


def decode(data):
    def item(at):
        major, low = data[at] >> 5, data[at] & 31
        at += 1
        if major == 7:
            must(low in (20, 21, 22), "a value that is not allowed")
            return {20: False, 21: True, 22: None}[low], at
        if low >= 24:
            must(low < 28, "an indefinite length")
            size = 1 << low - 24
            low, at = int.from_bytes(data[at : at + size], "big"), at + size
        if major < 2:
            return (low if major == 0 else -1 - low), at
        if major < 4:
            part = data[at : at + low]
            must(len(part) == low, "the bytes end too early")
            return (part if major == 2 else part.decode()), at + low
        if major == 6:
            inner, at = item(at)
            must(low == 42 and isinstance(inner, bytes) and inner[:1] == b"\0", "a tag that is not a link")
            return Link(inner[1:]), at
        out = []
        for _ in range(low if major == 4 else 2 * low):
            value, at = item(at)
            out.append(value)
        return (out if major == 4 else dict(zip(out[::2], out[1::2]))), at

    try:
        value, end = item(0)
        same = end == len(data) and encode(value) == data
    except (IndexError, UnicodeDecodeError, AttributeError, TypeError) as cause:
        raise Bad("not dag-cbor") from cause
    must(same, "not canonical dag-cbor")
    return value


def fields(value, *names):
    must(isinstance(value, dict) and set(value) == set(names), f"not a map of {', '.join(names)}")
    return [value[name] for name in names]


def digest(use, data):
    return sha256(b"utnet/" + use.encode() + b"/1\0" + data).digest()


def cid(data, codec=0x71):
    return Link(bytes([1, codec, 0x12, 32]) + sha256(data).digest())


# --- CAR: version 1, one root, each block hashes to its name -----------------------------------------------------------------------------------------


def read_car(data):
    def varint(at):
        n = shift = 0
        while True:
            n |= (data[at] & 127) << shift
            shift += 7
            at += 1
            if data[at - 1] < 128:
                return n, at

    size, at = varint(0)
    top = decode(data[at : at + size])
    roots, version = fields(top, "roots", "version")
    must(version == 1 and len(roots) == 1, "not a CAR of one root")
    at += size
    blocks = {}
    while at < len(data):
        size, at = varint(at)
        name, block = Link(data[at : at + 36]), data[at + 36 : at + size]
        must(name == cid(block, name[1]), "a block does not hash to its name")
        blocks[name] = block
        at += size
    return roots[0], blocks


# --- Merkle trees of RFC 6962, and tries (chain.md) --------------------------------------------------------------------------------------------------


def leaf(data):
    return sha256(b"\0" + data).digest()


def inner(left, right):
    return sha256(b"\1" + left + right).digest()


def merkle_root(hashes):
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return inner(merkle_root(hashes[:half]), merkle_root(hashes[half:]))


def climb(hash_, index, path):
    """The root that a path leads to: bit i of the index says that sibling i stands left."""
    must(index < 1 << len(path), "an index with more bits than the path is long")
    for i, sibling in enumerate(path):
        hash_ = inner(sibling, hash_) if index >> i & 1 else inner(hash_, sibling)
    return hash_


def audit(hash_, index, size, path):
    """RFC 6962 2.1.1: the root of a tree of `size` leaves by the path of leaf `index`."""
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


def trie_root(key, value, proof):
    """The root of a trie that holds `value` under `key`."""
    depth, siblings, other = fields(proof, "depth", "siblings", "other")
    must(other is None and depth <= 256, "a proof of another leaf")
    position = sha256(key).digest()
    at = dict((d, h) for d, h in siblings)
    must(list(at) == sorted(at) and len(at) == len(siblings) and all(d < depth for d in at), "siblings out of order")
    hash_ = sha256(b"\0" + position + sha256(value).digest()).digest()
    for d in range(depth - 1, -1, -1):
        sibling = at.get(d, bytes(32))
        hash_ = inner(sibling, hash_) if position[d >> 3] >> 7 - (d & 7) & 1 else inner(hash_, sibling)
    return hash_


# --- ed25519 (signatures.md: the equation without the factor 8, byte for byte) ----------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def ed_add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def ed_times(n, point):
    out = (0, 1)
    for bit in bin(n)[2:]:
        out = ed_add(out, out)
        if bit == "1":
            out = ed_add(out, point)
    return out


def ed_bytes(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def ed_point(data):
    n = int.from_bytes(data, "little")
    sign, y = n >> 255, n & (1 << 255) - 1
    must(y < P, "a point that is not canonical")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    must(x * x % P == square and not (x == 0 and sign), "no point of the curve")
    point = (P - x if x & 1 != sign else x, y)
    must(ed_times(8, point) != (0, 1), "a point of small order")
    return point


BASE = ed_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519_holds(signature, message, key):
    a, s = ed_point(key), int.from_bytes(signature[32:], "little")
    ed_point(signature[:32])
    must(len(signature) == 64 and s < L, "s is not below the order")
    k = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % L
    minus = (P - a[0], a[1])
    return ed_bytes(ed_add(ed_times(s, BASE), ed_times(k, minus))) == signature[:32]


# --- sets, certificates, epochs (light.md) -----------------------------------------------------------------------------------------------------------

MEMBER = ("key", "bls", "pop", "power")
HEADER = (
    "chainId height round parent parentCertificate proposer kappa vrfProof seed time protocol state txRoot receiptRoot eventRoot bloom cat verdicts power".split()
)


def bls():
    from py_ecc.bls import G2ProofOfPossession

    return G2ProofOfPossession


def total(members):
    return sum(m["power"] for m in members)


def set_root(members):
    return merkle_root([leaf(encode(m)) for m in members])


def must_be_set(members):
    for m in members:
        fields(m, *MEMBER)
    keys = [m["key"] for m in members]
    must(keys and keys == sorted(set(keys)), "members are not in the order of their keys")
    must(len(set(m["bls"] for m in members)) == len(keys), "a vote key stands twice in the set")
    must(all(m["power"] >= 1 for m in members) and total(members) < 1 << 53, "a power is not above zero")


def must_possess(member):
    must(bls().Verify(member["bls"], digest("possession", member["bls"]), member["pop"]), "no proof of possession of a vote key")


def owner(unit, members):
    for m in members:
        if unit < m["power"]:
            return m["key"]
        unit -= m["power"]
    raise Bad("a unit beyond the power line")


def header_of(data):
    header = decode(data)
    fields(header, *HEADER)
    fields(header["state"], "accounts", "contracts", "offchain")
    return header, digest("header", data)


def must_certify(header, hash_, certificate, members, chain):
    height, round_, block, signers, signature = fields(decode(certificate), "height", "round", "block", "signers", "signature")
    must(height == header["height"] and block == hash_ and round_ >= header["round"], "the certificate is of another block")
    must(len(signers) == (len(members) + 7) // 8, "a bit field of another length")
    bits = int.from_bytes(signers, "little")
    must(bits >> len(members) == 0, "a bit beyond the set")
    signed = [m for i, m in enumerate(members) if bits >> i & 1]
    must(3 * total(signed) > 2 * total(members), "two thirds of the power or less signed")
    message = digest("vote", encode([chain, height, round_, "precommit", block]))
    must(bls().FastAggregateVerify([m["bls"] for m in signed], message, signature), "the aggregate signature is not valid")
    return total(signed)


def apply_delta(members, data):
    version, removed, changed, added = decode(data)
    must(version == 1, "a delta of an unknown version")
    out = {m["key"]: m for m in members}
    for keys in (removed, [k for k, _ in changed], [m["key"] for m in added]):
        must(keys == sorted(set(keys)), "a delta out of order")
    for key in removed:
        must(out.pop(key, None) is not None, "a delta removes a stranger")
    for key, power in changed:
        must(key in out and out[key]["power"] != power, "a delta changes nothing")
        out[key] = {**out[key], "power": power}
    for m in added:
        known = out.get(m["key"])
        must(m["key"] not in removed and (known is None or (known["bls"], known["pop"]) != (m["bls"], m["pop"])), "a delta adds a known member")
        out[m["key"]] = m
    return [out[key] for key in sorted(out)]


class Light:
    """What is trusted: a height, its time, and the set that certifies what follows."""

    def __init__(self, genesis):
        g = decode(genesis)
        self.chain, self.epoch_blocks, self.trusting = cid(genesis), g["epochBlocks"], g["trustingBlocks"]
        self.height, self.time, self.members = 0, g["time"], g["validators"]
        must_be_set(self.members)
        for m in self.members:
            must_possess(m)

    def epoch(self, height):
        return (height - 1) // self.epoch_blocks

    def must_follow(self, header, members):
        must(header["chainId"] == self.chain, "a header of another chain")
        must(header["protocol"] == 1, "a protocol that is not known")
        must(header["height"] > self.height and header["time"] > self.time, "a header that is not above the trusted one")
        must(owner(header["kappa"], members) == header["proposer"], "not proposed by the owner of the unit drawn")

    def step(self, data, certificate, delta):
        """To the next epoch. Jumps are not taken here: they need the epochs between."""
        header, hash_ = header_of(data)
        self.must_follow(header, self.members)
        must(header["height"] == (self.epoch(self.height + 1) + 1) * self.epoch_blocks, "not the last header of the trusted epoch")
        members = apply_delta(self.members, delta)
        must_be_set(members)
        must(set_root(members) == header["power"], "the delta does not give the set that the header names")
        must_certify(header, hash_, certificate, self.members, self.chain)
        self.height, self.time, self.members = header["height"], header["time"], members

    def final(self, data, certificate):
        header, hash_ = header_of(data)
        self.must_follow(header, self.members)
        same = header["power"] == set_root(self.members)
        last = header["height"] % self.epoch_blocks == 0
        if self.epoch(header["height"]) == self.epoch(self.height + 1):
            must(last or same, "another set than the epoch has")
        else:
            must(same and not last and header["height"] - self.height <= self.trusting, "epochs are missing before this header")
        return header, must_certify(header, hash_, certificate, self.members, self.chain)


# --- a bundle (receipts.md) ----------------------------------------------------------------------------------------------------------------------------


def check(genesis, bundle):
    light = Light(genesis)
    name, blocks = read_car(bundle)
    root = decode(blocks[name])
    must(root["v"] == 1 and root["chainId"] == bytes(light.chain) and root["from"] is None, "not a bundle from the genesis of this chain")
    yield f"chain: {len(light.members)} members with {total(light.members)} power"

    shown = {which: root[which] for which in ("contextBlock", "anchorBlock")}
    final = {}

    def take():
        for which, links in list(shown.items()):
            data = blocks[links["header"]]
            height = decode(data)["height"]
            if light.epoch(height) == light.epoch(light.height + 1):
                final[which] = light.final(data, blocks[links["certificate"]])
                del shown[which]

    take()
    for link in root["epochs"]:
        light.step(blocks[link["header"]], blocks[link["certificate"]], blocks[link["delta"]])
        take()
    for which, links in shown.items():
        final[which] = light.final(blocks[links["header"]], blocks[links["certificate"]])
    yield f"epochs: {len(root['epochs'])} steps"
    (context, _), (anchored, power) = final["contextBlock"], final["anchorBlock"]
    yield f"final: blocks {context['height']} and {anchored['height']}, by {power} power"

    body = blocks[root["receipt"]]
    receipt = decode(body)
    attestation, node_leaf = root["attestation"], encode(["call", body])
    if attestation is not None:
        batch, index, path, sig = fields(attestation, "batch", "index", "path", "sig")
        must(audit(leaf(body), index, batch["size"], path) == batch["root"], "the receipt is not in its batch")
        must(batch["node"] == receipt["node"] and batch["thread"] == receipt["thread"], "the batch of another node")
        must(batch["first"] + index == receipt["seq"], "another place in the batch than the receipt's number")
        must(ed25519_holds(sig, b"utnet/batch/1\0" + encode(batch), batch["node"]), "the batch has no signature of its node's")
        node_leaf = encode(["batch", encode(batch), sig])
        yield f"attestation: number {receipt['seq']}, in a batch of {batch['size']}"
    height, index, path = fields(root["anchor"], "height", "index", "path")
    must(height == anchored["height"] and climb(leaf(node_leaf), index, path) == anchored["receiptRoot"], "the receipt is not in the block")
    yield f"anchor: block {height}"

    must(receipt["context"]["chainId"] == light.chain and receipt["context"]["height"] == context["height"], "the context is of another block")
    if attestation is not None:
        seed = digest("run-seed", encode([context["seed"], receipt["module"], receipt["input"], receipt["thread"], receipt["seq"]]))
        must(receipt["context"]["seed"] == seed, "the seed does not follow from the context")
        must(context["time"] <= receipt["context"]["time"] <= anchored["time"], "the time lies outside its blocks")
        key = sha256(b"utnet/addr/1\0\1" + receipt["node"]).digest()[-20:]
        must(trie_root(key, root["node"]["account"], root["node"]["proof"]) == anchored["state"]["accounts"], "the node has no account")
        yield "context and node: seed, time and account hold"


def main(argv):
    genesis, bundle = (open(path, "rb").read() for path in argv)
    try:
        for line in check(genesis, bundle):
            print(line)
    except (Bad, KeyError, ValueError, TypeError, IndexError) as error:
        print(f"does not hold: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
