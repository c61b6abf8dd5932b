"""Transactions and what they pay: docs/spec/chain.md, state.md (Payloads), fees.md, parameters.md."""

import ed25519
from cbor import cid, domain, encode

TX_BASE, TX_BYTE, PUBLISH_BYTE, READY_BASE, READY_BYTE = 800_000, 72, 10, 800_000, 3_400
LEAST_BASE_FEE, TARGET, CHANGE = 1_000_000_000, 300_000_000, 8


def amount(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def signed(chain, secret, nonce, expiry, gas_limit, max_fee, kind, payload):
    """The wire bytes of a transaction, and its id."""
    body = [1, chain, ed25519.public_key(secret), nonce, expiry, gas_limit, amount(max_fee), kind, payload]
    data = encode(body)
    return encode([body, ed25519.sign(domain("tx") + data, secret)]), cid(data)


def transfer(to, value):
    return "transfer", {"to": to, "value": amount(value)}


def call(to, export, args):
    return "call", {"to": to, "export": export, "args": args}


def publish(name, module, world, size):
    return "publish", {"name": name, "module": module, "world": world, "size": size}


def intrinsic(wire, kind, payload):
    """Gas before anything runs."""
    gas = TX_BASE + TX_BYTE * len(wire)
    if kind == "publish":
        gas += PUBLISH_BYTE * payload["size"]
        if payload["world"] == "contract":
            gas += READY_BASE + READY_BYTE * payload["size"]
    return gas


def next_base_fee(fee, used):
    if used > TARGET:
        return fee + max(1, fee * (used - TARGET) // TARGET // CHANGE)
    return max(LEAST_BASE_FEE, fee - fee * (TARGET - used) // TARGET // CHANGE)
