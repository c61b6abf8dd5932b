"""The light client: docs/spec/light.md, power.md (Delta), chain.md. Nothing of it has a clock: who asks says what time it is."""

import bls12_381
import ed25519
from cbor import Bad, cid, decode, digest, encode, must
from shapes import is_amount, is_bool, is_bytes, is_hash, is_link, is_list, is_map, is_one_of, is_text, is_tuple, is_uint, shaped
from trees import merkle

MAX_MEMBERS, MAX_NEWCOMERS, MAX_STEPS, DRIFT_MS = 10_000, 256, 1024, 3000  # powerNodes, jumpNewcomers, bundleEpochs; W-CLK-1

is_member = is_map(key=is_hash, bls=is_bytes(48), pop=is_bytes(96), power=is_uint())
is_header = is_map(
    chainId=is_link, height=is_uint(), round=is_uint(), parent=is_hash, parentCertificate=is_hash, proposer=is_hash, kappa=is_uint(), vrfProof=is_bytes(80),
    seed=is_hash, time=is_uint(), protocol=is_uint(), state=is_map(accounts=is_hash, contracts=is_hash, offchain=is_hash), txRoot=is_hash, receiptRoot=is_hash,
    eventRoot=is_hash, bloom=is_hash, cat=is_hash, verdicts=is_hash, power=is_hash,
)  # fmt: skip
is_certificate = is_map(height=is_uint(), round=is_uint(), block=is_hash, signers=is_bytes(), signature=is_bytes(96))
is_delta = is_tuple(is_one_of(1), is_list(is_hash), is_list(is_tuple(is_hash, is_uint())), is_list(is_member))
is_genesis = is_map(
    v=is_one_of(1), name=is_text, protocol=is_uint(), time=is_uint(), dev=is_bool, validators=is_list(is_member),
    accounts=is_list(is_map(address=is_bytes(20), balance=is_amount)), epochBlocks=is_uint(), emission=is_one_of("cycles", "halving", "tiers"), vendors=is_list(is_map(name=is_text, key=is_hash)),
    bondPrice=is_amount, level0Share=is_uint(), environment=is_one_of("deferred", "before-vote"), operators=is_list(is_text), blockReward=is_amount, committeeSeats=is_uint(),
    trustingBlocks=is_uint(), salt=is_bytes(),
)  # fmt: skip


def header_of(data):
    return shaped(decode(data), is_header, "a header"), digest("header", data)


def set_root(members):
    return merkle([encode(member) for member in members])


def power_of(members):
    return sum(member["power"] for member in members)


def must_be_set(members):
    keys = [member["key"] for member in members]
    must(0 < len(keys) <= MAX_MEMBERS and keys == sorted(set(keys)), "members are not in the order of their keys")
    must(len({member["bls"] for member in members}) == len(keys), "a vote key stands twice in the set")
    must(all(member["power"] >= 1 for member in members) and power_of(members) < 1 << 53, "a power is not above zero")


def must_possess(member):
    must(bls12_381.holds(member["bls"], digest("possession", member["bls"]), member["pop"]), "no proof of possession of a vote key")


def owner(unit, members):
    for member in members:
        if unit < member["power"]:
            return member["key"]
        unit -= member["power"]
    return None


def signers_of(data, header, hash_, members, chain):
    """The members that signed the header, more than two thirds of the power."""
    certificate = shaped(decode(data), is_certificate, "a certificate")
    must(certificate["height"] == header["height"] and certificate["block"] == hash_, "the certificate is of another block")
    must(certificate["round"] >= header["round"], "the certificate is of an earlier round than its block")
    must(len(certificate["signers"]) == (len(members) + 7) // 8, "a bit field of another length")
    bits = int.from_bytes(certificate["signers"], "little")
    must(bits >> len(members) == 0, "a bit beyond the set")
    signed = [member for i, member in enumerate(members) if bits >> i & 1]
    must(3 * power_of(signed) > 2 * power_of(members), "two thirds of the power or less signed")
    message = digest("vote", encode([chain, header["height"], certificate["round"], "precommit", hash_]))
    must(
        bls12_381.aggregate_holds(tuple(member["bls"] for member in signed), message, certificate["signature"]),
        "the certificate's signature is not valid",
    )
    return signed


def apply_delta(members, data):
    _, removed, changed, added = shaped(decode(data), is_delta, "a delta")
    out = {member["key"]: member for member in members}
    for keys in (removed, [key for key, _ in changed], [member["key"] for member in added]):
        must(keys == sorted(set(keys)), "a delta out of order")
    named = [*removed, *(key for key, _ in changed), *(member["key"] for member in added)]
    must(len(set(named)) == len(named), "a delta names somebody twice")
    for key in removed:
        must(out.pop(key, None) is not None, "a delta removes a stranger")
    for key, power in changed:
        must(key in out and out[key]["power"] != power, "a delta changes nothing")
        out[key] = {**out[key], "power": power}
    for member in added:
        known = out.get(member["key"])
        must(known is None or (known["bls"], known["pop"]) != (member["bls"], member["pop"]), "a delta adds a known member")
        out[member["key"]] = member
    return [out[key] for key in sorted(out)]


class Point:
    """A final header, and the set that certifies the block behind it."""

    def __init__(self, height, time, hash_, members):
        must_be_set(members)
        self.height, self.time, self.hash, self.members = height, time, hash_, members


class Light:
    def __init__(self, genesis, checkpoint=None, now=None):
        """`checkpoint`: a point's bytes that is trusted in place of the genesis. `now`: ms; None where there is no clock."""
        g = shaped(decode(genesis), is_genesis, "a genesis")
        must(g["epochBlocks"] >= 1, "epochs without blocks")
        self.chain, self.dev, self.epoch_blocks, self.trusting, self.now = cid(genesis), g["dev"], g["epochBlocks"], g["trustingBlocks"], now
        self.genesis_hash = bytes(self.chain[4:])
        self.at = Point(0, g["time"], self.genesis_hash, g["validators"])
        for member in self.at.members:
            must_possess(member)
        if checkpoint is not None:
            self.at = self.point_of(checkpoint)

    def point_of(self, data):
        version, header, members = shaped(decode(data), is_tuple(is_one_of(1), is_bytes(), is_bytes()), "a point")
        head, hash_ = header_of(header)
        members = shaped(decode(members), is_list(is_member), "a set")
        must(head["chainId"] == self.chain and set_root(members) == head["power"], "a point of another chain or set")
        return Point(head["height"], head["time"], hash_, members)

    def epoch(self, height):
        return (height - 1) // self.epoch_blocks

    def is_last(self, height):
        return height % self.epoch_blocks == 0

    def must_not_be_expired(self):
        must(self.dev or self.now is None or self.now <= self.at.time + 1000 * self.trusting, "the trusted point is older than the trusting period")

    def must_follow(self, header):
        must(header["chainId"] == self.chain, "a header of another chain")
        must(header["protocol"] == 1, "a protocol that is not known")
        must(header["height"] > self.at.height and header["time"] > self.at.time, "a header that is not above the trusted one")
        must(self.now is None or header["time"] <= self.now + DRIFT_MS, "a header of the future")

    def step(self, data, certificate, delta):
        """To the next epoch, or a jump over epochs."""
        self.must_not_be_expired()
        header, hash_ = header_of(data)
        self.must_follow(header)
        old, height = self.at.members, header["height"]
        members = apply_delta(old, delta)
        must_be_set(members)
        must(set_root(members) == header["power"], "the delta does not give the set that the header names")
        if self.epoch(height) == self.epoch(self.at.height + 1):
            must(self.is_last(height), "not the last header of the trusted epoch")
            must(owner(header["kappa"], old) == header["proposer"], "not proposed by the owner of the unit drawn")
            signers_of(certificate, header, hash_, old, self.chain)
        else:
            must(not self.is_last(height) and height - self.at.height <= self.trusting, "epochs are missing before this header")
            must(owner(header["kappa"], members) == header["proposer"], "not proposed by the owner of the unit drawn")
            signed = {(m["key"], m["bls"]): m["power"] for m in signers_of(certificate, header, hash_, members, self.chain)}
            kept = sum(min(m["power"], signed.get((m["key"], m["bls"]), 0)) for m in old)
            must(3 * kept > power_of(old), "a third of the trusted power or less signed")
            trusted = {(member["key"], member["bls"]) for member in old}
            new = [member for member in members if (member["key"], member["bls"]) not in trusted]
            must(len(new) <= MAX_NEWCOMERS, "more newcomers than one jump may bring")
            for member in new:
                must_possess(member)
        self.at = Point(height, header["time"], hash_, members)
        return header, hash_

    def final(self, data, certificate):
        """The header, once it is final under the trusted set; and its hash."""
        self.must_not_be_expired()
        header, hash_ = header_of(data)
        height, members = header["height"], self.at.members
        if height == self.at.height:
            must(hash_ == self.at.hash and height > 0 and not self.is_last(height), "another block than the one trusted")
        else:
            self.must_follow(header)
            same = header["power"] == set_root(members)
            if self.epoch(height) == self.epoch(self.at.height + 1):
                must(self.is_last(height) or same, "another set than the epoch has")
            else:
                must(same and not self.is_last(height) and height - self.at.height <= self.trusting, "epochs are missing before this header")
        must(owner(header["kappa"], members) == header["proposer"], "not proposed by the owner of the unit drawn")
        signers_of(certificate, header, hash_, members, self.chain)
        return header, hash_

    def must_be_drawn(self, header, seed_before, members):
        """Seed and draw of a header follow from the seed before it (chain.md)."""
        message = digest("vrf", encode([self.chain, header["height"], seed_before]))
        beta = ed25519.vrf_output(header["vrfProof"], message, header["proposer"])
        must(header["seed"] == digest("seed", seed_before + beta), "the seed does not follow from the proof")
        unit = int.from_bytes(digest("kappa", encode([seed_before, header["round"]])), "big") % power_of(members)
        must(header["kappa"] == unit, "another unit than the one that the seed draws")


class Client:
    """Follows a chain from point to point, and stops where it has seen two blocks of one height (light.md, Conflicts)."""

    POINTS, HEADERS = 64, 1024

    def __init__(self, genesis, now=None):
        self.light = Light(genesis, None, now)
        self.points, self.headers, self.in_conflict = [self.light.at], {}, False

    def keep(self, header, hash_):
        self.headers[header["height"]] = hash_
        stands = {point.height for point in self.points}
        if len(self.headers) > self.HEADERS:
            self.headers.pop(next(height for height in self.headers if height not in stands))

    def must_agree(self, data, certificate):
        """A header of a height that is known or gone by: the known one, or one that is final under the newest point kept below it."""
        header, hash_ = header_of(data)
        height = header["height"]
        shaped(decode(certificate), is_certificate, "a certificate")
        if hash_ == self.headers.get(height) or any((point.height, point.hash) == (height, hash_) for point in self.points):
            return
        below = [point for point in self.points if point.height < height]
        must(below != [], "a block before all that is known")
        newest, self.light.at = self.light.at, below[-1]
        try:
            self.light.final(data, certificate)
        finally:
            self.light.at = newest
        self.in_conflict = height in self.headers
        must(not self.in_conflict, "two final blocks of one height")
        self.keep(header, hash_)

    def follow(self, step):
        must(not self.in_conflict, "two final blocks of one height were seen")
        _, data, certificate, delta = shaped(decode(step), is_tuple(is_one_of(1), is_bytes(), is_bytes(), is_bytes()), "a step")
        header, hash_ = header_of(data)
        if header["height"] <= self.light.at.height:
            shaped(decode(delta), is_delta, "a delta")
            return self.must_agree(data, certificate)
        before = self.light.at
        self.light.step(data, certificate, delta)
        if self.headers.get(header["height"], hash_) != hash_:
            self.light.at, self.in_conflict = before, True
            raise Bad("two final blocks of one height")
        self.points = [*self.points, self.light.at][-self.POINTS :]
        self.keep(header, hash_)

    def accept(self, data, certificate):
        must(not self.in_conflict, "two final blocks of one height were seen")
        height = header_of(data)[0]["height"]
        if height <= self.light.at.height or height in self.headers:
            return self.must_agree(data, certificate)
        self.keep(*self.light.final(data, certificate))
