"""A second client of a development node, written from docs/spec and the node's OpenAPI: it follows the chain from the genesis, sends transactions that it encoded and signed itself, and checks
what they did by receipts, proofs of state and events, fees and draws.

    python3 check_node.py URL CONTRACT.wasm

CONTRACT exports `post(record {label: string, amount: u64}, times: u32) -> u64`, which emits one event, and `trap(string)`, which traps. Prints what holds; exits 1 at the first thing that does not.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from hashlib import sha256

import bundle
import ed25519
from addresses import address_of_contract, address_of_key, address_text, text_of
from car import file_blocks
from cbor import Bad, cid, decode, digest, encode, must
from light import Light, header_of, power_of
from receipts import is_any
from shapes import is_bytes, is_link, is_text, is_tuple, shaped
from transactions import LEAST_BASE_FEE, call, intrinsic, next_base_fee, publish, signed, transfer
from trees import climb, leaf, merkle, trie_root

DAG_CBOR = "application/vnd.ipld.dag-cbor"


def ask(url, method="GET", data=None, **headers):
    request = urllib.request.Request(url, data, {key.replace("_", "-"): value for key, value in headers.items()}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


class Node:
    def __init__(self, url):
        self.url = url
        self.genesis = ask(url + "/v1/chain/genesis")
        self.chain = cid(self.genesis)

    def get(self, path):
        return json.loads(ask(self.url + path))

    def send(self, wire):
        return json.loads(ask(self.url + "/v1/transactions", "POST", wire, Content_Type=DAG_CBOR))["hash"]

    def outcome(self, name):
        """Of a transaction, once it is final."""
        for _ in range(300):
            found = self.get("/v1/transactions/" + name)
            if found["state"] == "final":
                return found
            time.sleep(0.05)
        raise Bad(f"transaction {name} is not final")

    def block(self, height):
        """Header, its bytes and hash, and the view of a block: the header's bytes are put together from the view, and must hash to the name told."""
        view = self.get(f"/v1/chain/blocks/{height}")
        h = dict(view["header"])
        digests = ("parent", "parentCertificate", "vrfProof", "seed", "txRoot", "receiptRoot", "eventRoot", "bloom", "cat", "verdicts", "power")
        header = {
            **h, **{key: bytes.fromhex(h[key]) for key in digests}, "chainId": self.chain, "proposer": bytes.fromhex((h["proposer"] or "00" * 32).removeprefix("ed25519:")),
            "state": {key: bytes.fromhex(value) for key, value in h["state"].items()},
        }  # fmt: skip
        data = encode(header)
        must(digest("header", data).hex() == view["hash"] and text_of(self.chain) == h["chainId"], f"header {height} hashes to another name")
        return header, view

    def light(self, proof):
        """The header of a proof, final by the steps that it carries from the genesis."""
        light = Light(self.genesis, now=int(time.time() * 1000))
        for step in proof["epochs"]:
            _, header, certificate, delta = decode(b64decode(step))
            light.step(header, certificate, delta)
        return light.final(b64decode(proof["header"]), b64decode(proof["certificate"]))[0]

    def account(self, address):
        """Balance and nonce, proven."""
        told = self.get(f"/v1/accounts/{address_text(address)}?proof=true")
        header, value = self.light(told["proof"]), proven(told["proof"], address, "accounts", self)
        must(header["height"] == told["proof"]["height"], "a proof of another height")
        balance, nonce = (0, 0) if value is None else (int.from_bytes(decode(value)[0], "big"), decode(value)[1])
        must((str(balance), nonce) == (told["balance"], told["nonce"]), "the account told is not the one proven")
        return balance, nonce, header["height"]


def proven(proof, key, trie, node):
    """The value of a key under the header of a proof with one entry; None where there is none."""
    (entry,) = proof["entries"]
    must(b64decode(entry["key"]) == key, "a proof of another key")
    value = None if entry["value"] is None else b64decode(entry["value"])
    must(trie_root(key, value, decode(b64decode(entry["proof"]))) == node.light(proof)["state"][trie], "the value is not in the state")
    return value


def check_draws(node, light, upto):
    """Every header up to a height: link, VRF proof, seed, unit drawn and its owner, certificate of the parent; under the set of its epoch."""
    before, view = node.block(0)
    must(before["seed"] == digest("genesis-seed", node.chain) and before["height"] == 0, "block 0 has another seed")
    for height in range(1, upto + 1):
        header, next_view = node.block(height)
        must(header["parent"] == bytes.fromhex(view["hash"]) and header["time"] > before["time"], f"block {height} does not follow its parent")
        certificate, bound = view["certificate"], bytes(32)
        if height > 1:
            of = {"height": certificate["height"], "round": certificate["round"], "block": bytes.fromhex(certificate["block"])}
            bound = digest("certificate", encode({**of, "signers": bytes.fromhex(certificate["signers"]), "signature": b64decode(certificate["signature"])}))
        must(header["parentCertificate"] == bound, f"block {height} names another certificate of its parent")
        light.must_be_drawn(header, before["seed"], light.at.members)
        epoch = light.epoch(height)
        if light.is_last(height):
            (step,) = node.get(f"/v1/chain/epochs/{epoch}")["steps"]
            _, data, sealed, delta = decode(b64decode(step))
            must(header_of(data)[1].hex() == next_view["hash"], "a step with another header than the chain's")
            light.step(data, sealed, delta)
        before, view = header, next_view


def run(url, contract):
    node = Node(url)
    yield f"chain {text_of(node.chain)}"
    light = Light(node.genesis)
    upto = min(node.get("/v1/chain")["height"], 40)
    check_draws(node, light, upto)
    yield f"draws: {upto} headers, seeds, VRF proofs and units; set of {len(light.at.members)} with {power_of(light.at.members)} power"

    secret = sha256(b"second client " + str(time.time_ns()).encode()).digest()
    address = address_of_key(ed25519.public_key(secret))
    node_address = address_text(address)
    must(node.account(address)[:2] == (0, 0), "a new account that is not empty")
    ask(f"{url}/v1/accounts/{node_address}/fund", "POST", b"")
    balance, nonce, height = node.account(address)
    must(nonce == 0 and balance > 0, "the account was not funded")
    yield f"account {node_address}: absence, then {balance} proven in block {height}"

    expiry, offered = height + 1000, 10 * LEAST_BASE_FEE

    def sign(gas, kind, payload):
        nonlocal nonce
        wire, name = signed(node.chain, secret, nonce, expiry, gas, offered, kind, payload)
        nonce += 1
        return wire, name, intrinsic(wire, kind, payload)

    def sent(gas, kind, payload):
        wire, name, least = sign(gas, kind, payload)
        must(node.send(wire) == text_of(name), "the node has another name for the transaction")
        return wire, name, least, node.outcome(text_of(name))

    # a transfer
    payee = address_of_key(sha256(b"payee" + secret).digest())
    wire, name, least, told = sent(1_000_000, *transfer(payee, 12345))
    must((told["status"], int(told["paid"])) == ("ok", least), "a transfer pays another gas than the document says")
    header, view = node.block(told["height"])
    must([tx["hash"] for tx in view["transactions"]] != [text_of(name)] or header["txRoot"] == merkle([wire]), "another root of transactions")
    must(node.account(payee)[0] == 12345, "the payee has another balance")
    left = node.account(address)[0]
    must(left == balance - 12345 - least * LEAST_BASE_FEE, "the sender paid something else")
    yield f"transfer {text_of(name)}: {least} gas, paid at the least base fee"

    # a contract, published under a key of our own
    data = open(contract, "rb").read()
    module = file_blocks(data)[0]
    title = "second-" + secret[:6].hex()
    at = address_of_contract(address, nonce)
    kind, payload = publish(title, module, "contract", len(data))
    wire, name, least = sign(2_000_000 + 4_000 * len(data), kind, payload)
    told = json.loads(ask(f"{url}/v1/guests?name={title}", "POST", data, Content_Type="application/wasm", Utnet_Transaction=f":{b64encode(wire).decode()}:"))
    must(told["module"] == text_of(module), "the node has another name for the module")
    told = node.outcome(text_of(name))
    must((told["status"], int(told["paid"])) == ("ok", least), "a publication pays another gas than the document says")
    yield f"publish {title}: {address_text(at)}, {least} gas"

    # a call, its receipt and its event
    wire, name, least, told = sent(20_000_000, *call(at, "post", [["a", 7], 3]))
    must((told["status"], told["result"]) == ("ok", "21"), "the call ended otherwise")
    must(int(told["paid"]) == least + int(told["gas"]), "a call pays another gas than the document says")
    proof = ask(f"{url}/v1/receipts/{told['receipt']}/bundle")
    body = bundle.check(node.genesis, proof, now=int(time.time() * 1000))
    must(text_of(cid(encode(body))) == told["receipt"] and body["tx"] == name and body["gas"] == int(told["gas"]), "another receipt than that of the call")
    events = node.get(f"/v1/chain/events?filter=tx={text_of(name)}&proof=true")["entries"]
    (event,) = [entry for entry in events if entry["type"] == "event"]
    shown = event["proof"]
    value = b64decode(shown["leaf"])
    tx, emitter, title_, said = shaped(decode(value), is_tuple(is_link, is_bytes(20), is_text, is_any), "an event")
    must((tx, emitter) == (name, at), "an event of another transaction or contract")
    root = climb(leaf(value), shown["index"], [bytes.fromhex(hash_) for hash_ in shown["path"]])
    must(root == node.light(shown)["eventRoot"], "the event is not in its block")
    must(body["events"] == merkle([encode([emitter, title_, said])]), "the receipt has other events")
    yield f"call {text_of(name)}: receipt {told['receipt']}, event {title_} proven"

    # blocks over their target move the base fee
    left = node.account(address)[0]
    limit = 95_000_000
    burning = [sign(limit, *call(at, "trap", ["a"])) for _ in range(5)]
    for wire, name, _ in reversed(burning):  # the nonces before are missing until the last one comes
        node.send(wire)
    blocks = {}
    for _, name, _ in burning:
        told = node.outcome(text_of(name))
        must((told["status"], int(told["paid"])) == ("trap", limit), "a trap burns the whole limit")
        blocks.setdefault(told["height"], []).append(told)
    fee, spent, head = LEAST_BASE_FEE, 0, node.get("/v1/chain")
    for height in range(min(blocks), head["height"] + 1):
        spent += fee * limit * len(blocks.get(height, []))
        fee = next_base_fee(fee, sum(int(tx["paid"]) for tx in node.block(height)[1]["transactions"]))
    must(int(head["baseFee"]) == fee, "the base fee told is not the one that follows from the blocks before")
    must(left - node.account(address)[0] == spent, "the sender paid another base fee")
    yield f"base fee: {len(burning)} traps in {len(blocks)} blocks cost {spent}, then {fee}"


def main(argv):
    try:
        for line in run(*argv):
            print(line, flush=True)
    except (Bad, urllib.error.HTTPError) as error:
        more = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
        print(f"does not hold: {error} {more}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
