"""Committees: docs/spec/power.md draws one, docs/spec/light.md follows sets of any size."""

import json
import sys

from cbor import Bad, digest, encode
from light import Client


def committee(powers, seats, seed, epoch):
    """Seats of each place of the line."""
    drawn, total = [0] * len(powers), sum(powers)
    for seat in range(seats):
        unit = int.from_bytes(digest("committee", encode([seed, epoch, seat])), "big") % total
        place = 0
        while unit >= powers[place]:
            unit -= powers[place]
            place += 1
        drawn[place] += 1
    return drawn


def followed(genesis, steps, now):
    """Members of the set behind each step; what is refused ends it."""
    client, out = Client(genesis, now), []
    for step in steps:
        try:
            client.follow(step)
        except Bad as bad:
            return [*out, str(bad)]
        out.append(len(client.light.at.members))
    return out


if __name__ == "__main__":
    asked = json.load(open(sys.argv[1]))
    if "powers" in asked:
        print(json.dumps(committee(asked["powers"], asked["seats"], bytes.fromhex(asked["seed"]), asked["epoch"])))
    else:
        print(json.dumps(followed(bytes.fromhex(asked["genesis"]), [bytes.fromhex(step) for step in asked["steps"]], asked["now"])))
