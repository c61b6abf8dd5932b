"""Addresses and CIDs as text: docs/spec/encodings.md, BIP 350 (bech32m), RFC 4648 (base32)."""

from base64 import b32encode
from hashlib import sha256

from cbor import domain, encode

LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
PREFIX = "ut"


def address_of_key(key):
    return sha256(domain("addr") + b"\1" + key).digest()[-20:]


def address_of_contract(deployer, nonce):
    return sha256(domain("addr") + b"\2" + encode([deployer, nonce])).digest()[-20:]


def polymod(values):
    out = 1
    for value in values:
        top, out = out >> 25, (out & 0x1FFFFFF) << 5 ^ value
        for i, word in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            out ^= word if top >> i & 1 else 0
    return out


def address_text(address):
    bits = int.from_bytes(address, "big")
    data = [bits >> 5 * i & 31 for i in range(31, -1, -1)]
    start = [ord(c) >> 5 for c in PREFIX] + [0] + [ord(c) & 31 for c in PREFIX]
    check = polymod([*start, *data, *[0] * 6]) ^ 0x2BC830A3
    return PREFIX + "1" + "".join(LETTERS[i] for i in [*data, *(check >> 5 * i & 31 for i in range(5, -1, -1))])


def text_of(link):
    """A CID in text."""
    return "b" + b32encode(link).decode().lower().rstrip("=")
