"""ed25519 signatures and the ECVRF over the same curve: docs/spec/signatures.md, RFC 8032, RFC 9381 (suite 4), RFC 9380 (Elligator 2)."""

from functools import lru_cache
from hashlib import sha512

from cbor import Bad, must

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def root(square):
    """A square root modulo P, or None."""
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square % P:
        x = x * ROOT_OF_MINUS_ONE % P
    return x if x * x % P == square % P else None


# Points are (X, Y, Z, T): x = X / Z, y = Y / Z, x y = T / Z.
NEUTRAL = (0, 1, 1, 0)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = (b - a) % P, (d - c) % P, (d + c) % P, (b + a) % P
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    out = NEUTRAL
    for digit in bin(n)[2:]:
        out = add(out, out)
        if digit == "1":
            out = add(out, p)
    return out


def minus(p):
    return -p[0] % P, p[1], p[2], -p[3] % P


def affine(p):
    z = pow(p[2], -1, P)
    return p[0] * z % P, p[1] * z % P


def of_affine(x, y):
    return x, y, 1, x * y % P


def to_bytes(p):
    x, y = affine(p)
    return (y | (x & 1) << 255).to_bytes(32, "little")


def is_small(p):
    x, y = affine(times(8, p))
    return (x, y) == (0, 1)


def from_bytes(data):
    must(len(data) == 32, "a point of another length")
    n = int.from_bytes(data, "little")
    sign, y = n >> 255, n & (1 << 255) - 1
    must(y < P, "a point that is not canonical")
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P) % P)
    must(x is not None and not (x == 0 and sign), "no point of the curve")
    return of_affine(P - x if x & 1 != sign else x, y)


def key_point(data):
    point = from_bytes(data)
    must(not is_small(point), "a point of small order")
    return point


BASE = from_bytes((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


@lru_cache(maxsize=None)
def holds(signature, message, key):
    try:
        must(len(signature) == 64, "a signature of another length")
        a, s = key_point(key), int.from_bytes(signature[32:], "little")
        key_point(signature[:32])
        must(s < L, "s is not below the order")
    except Bad:
        return False
    k = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % L
    return to_bytes(add(times(s, BASE), times(k, minus(a)))) == signature[:32]


def clamped(secret):
    hashed = sha512(secret).digest()
    return int.from_bytes(hashed[:32], "little") & (1 << 254) - 8 | 1 << 254, hashed[32:]


def public_key(secret):
    return to_bytes(times(clamped(secret)[0], BASE))


def sign(message, secret):
    scalar, prefix = clamped(secret)
    key = public_key(secret)
    r = int.from_bytes(sha512(prefix + message).digest(), "little") % L
    commitment = to_bytes(times(r, BASE))
    k = int.from_bytes(sha512(commitment + key + message).digest(), "little") % L
    return commitment + ((r + k * scalar) % L).to_bytes(32, "little")


# --- ECVRF-EDWARDS25519-SHA512-ELL2 ----------------------------------------------------------------------------------------------------------------

SUITE = b"\4"
DST = b"ECVRF_edwards25519_XMD:SHA-512_ELL2_NU_" + SUITE
J = 486662


def expand(message, length):
    """expand_message_xmd of RFC 9380 5.3.1 with SHA-512, for one block or less."""
    dst = DST + bytes([len(DST)])
    first = sha512(bytes(128) + message + length.to_bytes(2, "big") + b"\0" + dst).digest()
    return sha512(first + b"\1" + dst).digest()[:length]


def encode_to_curve(message):
    """RFC 9380 6.7.1 and 6.8.2, non-uniform."""
    u = int.from_bytes(expand(message, 48), "big") % P
    x1 = -J * pow(1 + 2 * u * u, -1, P) % P if (1 + 2 * u * u) % P else -J % P
    y = root(x1 * (x1 * x1 + J * x1 + 1) % P)
    s, odd = (x1, 1) if y is not None else ((-x1 - J) % P, 0)
    t = y if y is not None else root(s * (s * s + J * s + 1) % P)
    t = t if t & 1 == odd else P - t
    c = root(-486664 % P)
    c = c if c & 1 == 0 else P - c
    if t == 0 or s == P - 1:
        return NEUTRAL
    return times(8, of_affine(c * s * pow(t, -1, P) % P, (s - 1) * pow(s + 1, -1, P) % P))


def vrf_output(proof, message, key):
    """beta, of a proof that holds (RFC 9381 5.3)."""
    must(len(proof) == 80, "a proof of another length")
    y, gamma = key_point(key), from_bytes(proof[:32])
    c, s = int.from_bytes(proof[32:48], "little"), int.from_bytes(proof[48:], "little")
    must(s < L, "s is not below the order")
    h = encode_to_curve(key + message)
    u = add(times(s, BASE), times(c, minus(y)))
    v = add(times(s, h), times(c, minus(gamma)))
    points = key + to_bytes(h) + to_bytes(gamma) + to_bytes(u) + to_bytes(v)
    must(sha512(SUITE + b"\2" + points + b"\0").digest()[:16] == proof[32:48], "the VRF's proof does not hold")
    return sha512(SUITE + b"\3" + to_bytes(times(8, gamma)) + b"\0").digest()
