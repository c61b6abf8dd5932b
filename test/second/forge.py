"""Bundles made by a program that only knows the documents: a small chain with keys of its own, and on it a run, an inference or a call.

Each value goes through `edit(stage, value)` before it is encoded, hashed and signed. So a test changes one value, and all that follows from it is as a liar would make it.
"""

from functools import lru_cache
from hashlib import sha256

import bls12_381 as bls
import ed25519
from addresses import text_of
from car import file_blocks, write_car
from cbor import RAW, cid, digest, domain, encode
from receipts import call_secret, call_seed, opening_digest, part_salt, run_seed
from trees import inner, leaf, merkle

EPOCH = 4
ZERO = bytes(32)


@lru_cache(maxsize=None)
def keys_of(name):
    secret = sha256(name.encode()).digest()
    scalar = int.from_bytes(sha256(b"vote " + name.encode()).digest(), "big") % bls.R
    point = bls.times(bls.Fp, scalar, bls.G1)
    return secret, ed25519.public_key(secret), scalar, compressed(point[0].to_bytes(48, "big"), 2 * point[1] > bls.P)


class Member:
    def __init__(self, name, power):
        self.secret, self.key, self.scalar, self.bls = keys_of(name)
        self.power = power

    def entry(self, power=None):
        return {"key": self.key, "bls": self.bls, "pop": bls_sign(self.scalar, digest("possession", self.bls)), "power": power or self.power}


def compressed(x, greater):
    return bytes([x[0] | 0x80 | (0x20 if greater else 0)]) + x[1:]


def g2_bytes(point):
    (x0, x1), (y0, y1) = point
    return compressed(x1.to_bytes(48, "big") + x0.to_bytes(48, "big"), 2 * (y1 or y0) > bls.P)


@lru_cache(maxsize=None)
def bls_sign(scalar, message):
    return g2_bytes(bls.times(bls.Fp2, scalar, bls.hash_to_g2(message)))


def in_order(members):
    return sorted(members, key=lambda member: member.key)


A, B, C, D = (Member(name, power) for name, power in (("A", 2), ("B", 2), ("C", 1), ("D", 4)))
FIRST, SECOND = in_order([A, B, C]), in_order([A, B, D])
BY_BLS = {member.bls: member for member in (A, B, C, D)}


def same(_, value):
    return value


class Forge:
    def __init__(self, edit=same, dev=True):
        self.edit = edit
        self.blocks = {}
        self.genesis = encode(
            self.edit(
                "genesis",
                {
                    "v": 1, "name": "forged", "protocol": 1, "time": 1_000_000, "dev": dev, "validators": [m.entry() for m in FIRST], "accounts": [],
                    "epochBlocks": EPOCH, "emission": "cycles", "vendors": [], "bondPrice": b"\1", "level0Share": 100, "environment": "deferred",
                    "operators": [], "blockReward": b"", "committeeSeats": 0, "trustingBlocks": 100, "salt": bytes(16),
                },
            )
        )  # fmt: skip
        self.chain = cid(self.genesis)

    def block(self, stage, value):
        """A block of the file; its link."""
        data = encode(self.edit(stage, value))
        name = cid(data)
        self.blocks[name] = data
        return name

    def file(self, data):
        name, blocks = file_blocks(data)
        self.blocks.update(blocks)
        return name

    def header(self, stage, height, members, power, parent=ZERO, **fields):
        state = {"accounts": ZERO, "contracts": ZERO, "offchain": ZERO, **fields.pop("state", {})}
        value = {
            "chainId": self.chain, "height": height, "round": 0, "parent": parent, "parentCertificate": ZERO, "proposer": members[0].key, "kappa": 0, "vrfProof": bytes(80),
            "seed": digest("seed", b"%d" % height), "time": 1_000_000 + 1000 * height, "protocol": 1, "state": state, "txRoot": ZERO, "receiptRoot": ZERO,
            "eventRoot": ZERO, "bloom": ZERO, "cat": ZERO, "verdicts": ZERO, "power": power, **fields,
        }  # fmt: skip
        link = self.block(stage, value)
        return self.edit("plain " + stage, value), link, digest("header", self.blocks[link])

    def certificate(self, stage, height, hash_, members):
        statement = self.edit(stage + " vote", [self.chain, height, 0, "precommit", hash_])
        message = digest("vote", encode(statement))
        signed = self.edit(stage + " signers", [m.key for m in members])
        bits = sum(1 << i for i, member in enumerate(members) if member.key in signed)
        # who has all the secrets signs once by their sum
        scalar = sum(member.scalar for member in members if member.key in signed) % bls.R
        signature = bls_sign(scalar, message) if bits else bytes([0xC0]) + bytes(95)
        value = {"height": height, "round": 0, "block": hash_, "signers": bits.to_bytes((len(members) + 7) // 8, "little"), "signature": signature}
        return self.block(stage, value)

    def root_of(self, members, powers=None):
        return merkle([encode(m.entry((powers or {}).get(m.key))) for m in members])

    def part(self, name, secret, opening, files):
        """A part as it is opened, and its digest."""
        salt = self.edit(f"{name} salt", part_salt(secret, name))
        link = self.block(f"{name} opening", opening)
        part = {"salt": salt, "opening": link, "files": [self.file(data) for data in files]}
        return part, opening_digest(name, salt, self.blocks[link])

    def final(self, stage, header, members):
        value, link, hash_ = header
        return {"header": link, "certificate": self.certificate(stage, value["height"], hash_, members)}

    def bundle(self, kind="invoke"):
        edit = self.edit
        first, second = self.root_of(FIRST), self.root_of(SECOND)
        module = b"\0asm stands for a component"
        model = b"stands for a model"
        called = kind == "call"
        tx = cid(b"a transaction")
        secret = call_secret(tx) if called else b"s" * 16
        if called:
            parts = {
                "input": self.part("input", secret, ["count", [1]], []),
                "output": self.part("output", secret, [[2], sha256(b"changes").digest()], []),
            }
        elif kind == "invoke":
            request, answer, heard = b"question", b"answer", b"tensor"
            parts = {
                "input": self.part("input", secret, ["POST", "/", [["host", b"h"]], sha256(request).digest()], [request]),
                "output": self.part("output", secret, [200, [], sha256(answer).digest()], [answer]),
                "log": self.part("log", secret, [["tensor.error", "m", "exact", [["x", "u8", [6], sha256(heard).digest()]], 5, "no"]], [heard]),
            }
        else:
            given, made = b"\0\1", b"\2\3"
            heads = {"inputs": [["x", "u8", [2], sha256(given).digest()]], "outputs": [["y", "u8", [2], sha256(made).digest()]]}
            commitment = domain("tensor-commitment") + encode(
                edit("commitment", {"v": 1, "model": cid(model, RAW), "arithmetic": "exact:forged", **heads, "entries": 0, "checkpoints": [], "exceptions": []})
            )
            self.commitment = sha256(commitment).digest()
            parts = {
                "input": self.part("input", secret, heads["inputs"], [given]),
                "output": self.part("output", secret, [heads["outputs"], self.commitment], [made, commitment]),
            }
        head3 = self.header("context", 3, FIRST, first)
        context = head3[0]
        body = {
            "v": 1, "kind": kind, "module": self.file(module if kind != "infer" else model), "world": "contract" if called else "function", "entry": "count" if called else "handle",
            "input": parts["input"][1], "output": parts["output"][1], "status": "ok", "gas": 1234, "protocol": 1, "log": parts["log"][1] if "log" in parts else None, "models": [],
        }  # fmt: skip
        if kind == "infer":
            body |= {"world": "onnx", "entry": "run", "models": [{"model": cid(model, RAW), "arithmetic": "exact:forged", "root": self.commitment}]}
        if called:
            head6 = self.header("draft", 6, SECOND, second)[0]
            body |= {"node": None, "tx": tx, "events": merkle([])}
            body["context"] = {"chainId": self.chain, "height": 6, "time": head6["time"], "seed": call_seed(head6["seed"], tx)}
        else:
            body |= {"node": A.key, "thread": 3, "seq": 12, "retention": "public"}
            body["context"] = {"chainId": self.chain, "height": 3, "time": context["time"] + 1500, "seed": run_seed(context["seed"], body)}
        receipt = self.block("receipt", body)
        data = self.blocks[receipt]

        attestation = node = rollup = None
        state = {}
        if called:
            proven = encode(["call", data])
        else:
            hashes = [leaf(b"another"), leaf(data), leaf(b"third")]
            statement = edit(
                "batch", {"node": A.key, "thread": 3, "first": 11, "size": 3, "prev": sha256(b"before").digest(), "root": inner(inner(*hashes[:2]), hashes[2])}
            )
            sig = ed25519.sign(domain("batch") + edit("batch chain", bytes(self.chain)) + encode(statement), A.secret)
            attestation = edit("attestation", {"batch": statement, "index": 1, "path": [hashes[0], hashes[2]], "sig": sig})
            proven = encode(["batch", encode(statement), sig])
            account = encode(edit("account", [b"\5", 3, b"\1", [A.key, "provider"]]))
            record = encode(edit("record", [14, statement["root"], None]))
            address = sha256(domain("addr") + b"\1" + A.key).digest()[-20:]
            key = b"batch/" + A.key + b"/3"
            state = {"accounts": trie_leaf(address, account), "offchain": trie_leaf(key, record)}
            proof = {"depth": 0, "siblings": [], "other": None}
            node = edit("node", {"account": account, "proof": proof})
        proven = edit("leaf", proven)
        step = self.header("step", 4, FIRST, second, parent=head3[2])
        anchor_header = self.header("anchor", 6, SECOND, second, receiptRoot=inner(leaf(b"other"), leaf(proven)), state=state)
        anchor = {"height": 6, "index": 1, "path": [leaf(b"other")]}
        delta = [1, [C.key], [], [D.entry()]]
        anchor_block = self.final("anchor certificate", anchor_header, SECOND)
        if not called:
            rollup_header = self.header("rollup", 7, SECOND, second, parent=anchor_header[2], state=state)
            rollup = {"block": self.final("rollup certificate", rollup_header, SECOND), "record": record, "proof": proof}
        root = {
            "v": 1, "chainId": bytes(self.chain), "receipt": receipt, "attestation": attestation, "anchor": anchor, "anchorBlock": anchor_block,
            "contextBlock": anchor_block if called else self.final("context certificate", head3, FIRST), "from": None,
            "epochs": [{**self.final("step certificate", step, FIRST), "delta": self.block("delta", delta)}], "node": node, "rollup": rollup,
            "module": body["module"], "callees": [], "input": parts["input"][0], "output": parts["output"][0], "log": parts["log"][0] if "log" in parts else None,
            "witness": None, "models": [bytes(cid(model, RAW))] if kind == "infer" else [],
        }  # fmt: skip
        if called:
            root["witness"] = self.block(
                "witness",
                {
                    "caller": "ut1a", "contract": "ut1b", "owner": "ut1c", "version": 0, "height": 6, "time": body["context"]["time"], "chainId": text_of(self.chain),
                    "gasLimit": 5000, "hook": False, "reads": [[b"k", None]], "callees": [], "changes": sha256(b"changes").digest(),
                },
            )  # fmt: skip
        return self.pack(root)

    def pack(self, root):
        from mutants import in_order as written

        return written(self.blocks, encode(self.edit("root", root)))


def trie_leaf(key, value):
    return sha256(b"\0" + sha256(key).digest() + sha256(value).digest()).digest()

