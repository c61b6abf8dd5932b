"""What a light client is shown: steps, jumps and headers of a small chain whose set changes each epoch, and of liars.

    python3 paths.py SEED COUNT

writes COUNT lines of JSON, {genesis, now, shown: [{what, step} or {what, header, certificate}], taken: [bool]}: what `light.Client` says of each in turn.
"""

import json
import random
import sys
from base64 import b64encode

from cbor import Bad, decode, digest, encode
from forge import EPOCH, ZERO, Member, Forge, in_order
from light import Client, set_root
from mutants import at, other, places, put

PEOPLE = [Member(f"path {i}", 1) for i in range(6)]
TRUSTING = 40


class World:
    """A chain of eight epochs: the set of each, and the header of any height."""

    def __init__(self, rng):
        self.rng = rng
        self.sets = [{m.key: rng.randrange(1, 6) for m in rng.sample(PEOPLE, rng.randrange(2, 5))}]
        while len(self.sets) < 12:
            powers = dict(self.sets[-1])
            for member in rng.sample(PEOPLE, rng.choice([0, 1, 1, 2, 4])):
                if rng.random() < 0.4 and len(powers) > 1:
                    powers.pop(member.key, None)
                else:
                    powers[member.key] = rng.randrange(1, 6)
            self.sets.append(powers)
        self.forge = Forge(self.edit)
        self.genesis = self.forge.genesis

    def edit(self, stage, value):
        return {**value, "validators": self.entries(0), "trustingBlocks": TRUSTING, "dev": False} if stage == "genesis" else value

    def members(self, epoch):
        return [m for m in in_order(PEOPLE) if m.key in self.sets[epoch]]

    def entries(self, epoch):
        return [m.entry(self.sets[epoch][m.key]) for m in self.members(epoch)]

    def header(self, height, **fields):
        epoch = (height - 1) // EPOCH
        named = epoch + 1 if height % EPOCH == 0 else epoch
        fields = {"power": set_root(self.entries(named)), "proposer": self.members(epoch)[0].key, "parent": ZERO, **fields}
        members = self.members(epoch)
        return self.forge.header("header", height, members, fields.pop("power"), **{k: v for k, v in fields.items() if k != "proposer"})

    def certificate(self, header, epoch, signers=None):
        value, _, hash_ = header
        members = self.members(epoch)
        self.forge.edit = lambda stage, honest: signers if signers is not None and stage.endswith("signers") else self.edit(stage, honest)
        link = self.forge.certificate("certificate", value["height"], hash_, members)
        self.forge.edit = self.edit
        return self.forge.blocks[link]

    def delta(self, old, new):
        before, after = self.sets[old], self.sets[new]
        return [
            1, sorted(key for key in before if key not in after),
            sorted([key, after[key]] for key in after if key in before and before[key] != after[key]),
            [m.entry(after[m.key]) for m in self.members(new) if m.key not in before],
        ]  # fmt: skip


def shown_by(world, rng):
    """Steps and headers in turn, most of them true."""
    epoch, out = 0, []  # the epoch whose set is trusted
    for _ in range(rng.randrange(4, 9)):
        how = rng.choice(["next", "next", "jump", "final", "last", "ahead", "fork"])
        to = min(epoch + rng.randrange(1, 5), 10)
        height = {"next": (epoch + 1) * EPOCH, "jump": to * EPOCH + rng.randrange(1, EPOCH), "ahead": to * EPOCH + rng.randrange(1, EPOCH + 1), "last": (epoch + 1) * EPOCH}.get(
            how, epoch * EPOCH + rng.randrange(1, EPOCH + 1)
        )
        by = (height - 1) // EPOCH
        names = by + 1 if height % EPOCH == 0 else by
        fields = {"bloom": bytes([1]) * 32} if how == "fork" or rng.random() < 0.1 else {}
        lie = rng.choice([None, None, None, None, "header", "certificate", "delta", "signers", "old set", "undecodable"])
        header = world.header(height, **fields)
        if lie == "header":
            path = rng.choice(list(places(header[0]))[1:])
            forged = put(header[0], path, other(rng, at(header[0], path), [0, ZERO, b"", "x"]))
            link = world.forge.block("header", forged)
            header = (header[0], link, digest("header", world.forge.blocks[link]))
        data = world.forge.blocks[header[1]]
        signers = rng.sample([m.key for m in world.members(by)], rng.randrange(len(world.sets[by]) + 1)) if lie == "signers" else None
        certificate = world.certificate(header, epoch if lie == "old set" else by, signers)
        if lie == "undecodable":
            certificate = certificate[:-1]
        if lie == "certificate":
            value = decode(certificate)
            path = rng.choice(list(places(value)))
            certificate = encode(put(value, path, other(rng, at(value, path), [0, ZERO, b"", "x"])))
        what = f"{how} to {height}, {lie}"
        if how in ("next", "jump"):
            delta = world.delta(epoch, names)
            if lie == "delta":
                path = rng.choice(list(places(delta)))
                delta = put(delta, path, other(rng, at(delta, path), [0, ZERO, b"", *world.entries(names)]))
            out.append({"what": what, "step": encode([1, data, certificate, encode(delta)])})
            if lie in (None, "old set"):
                epoch = names
        else:
            out.append({"what": what, "header": data, "certificate": certificate})
    return out


def text(item):
    return {key: b64encode(value).decode() if isinstance(value, bytes) else value for key, value in item.items()}


def main(seed, count):
    rng = random.Random(int(seed))
    for _ in range(int(count)):
        world = World(rng)
        now = 1_000_000 + 1000 * rng.choice([10, 39, 39, 39, 40, 41, 60])
        client = Client(world.genesis, now)
        shown, taken = shown_by(world, rng), []
        for item in shown:
            why = None
            try:
                client.follow(item["step"]) if "step" in item else client.accept(item["header"], item["certificate"])
            except Bad as bad:
                why = str(bad)
            taken.append(why)
        print(json.dumps({"genesis": b64encode(world.genesis).decode(), "now": now, "shown": [text(item) for item in shown], "taken": taken}))


if __name__ == "__main__":
    main(*sys.argv[1:])
