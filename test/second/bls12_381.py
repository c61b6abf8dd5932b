"""BLS signatures, keys in G1 and signatures in G2: docs/spec/signatures.md, draft-irtf-cfrg-bls-signature (suite POP), RFC 9380 8.8.2.

Fp2 is (a, b) for a + b i. Fp12 is six of them, the coefficients of powers of w, where w^6 = 1 + i. Points of G1 and G2 are affine, None at infinity.
"""

from functools import lru_cache
from hashlib import sha256

from cbor import Bad, must

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
R = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
X = 0xD201000000010000  # the curve's parameter is -X
DST = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"

# --- fields -------------------------------------------------------------------------------------------------------------------------------------------


class Fp:
    """Arithmetic of Fp on integers."""

    one, zero, four = 1, 0, 4
    add = staticmethod(lambda a, b: (a + b) % P)
    sub = staticmethod(lambda a, b: (a - b) % P)
    mul = staticmethod(lambda a, b: a * b % P)
    square = staticmethod(lambda a: a * a % P)
    neg = staticmethod(lambda a: -a % P)
    inv = staticmethod(lambda a: pow(a, -1, P))


class Fp2:
    one, zero, four = (1, 0), (0, 0), (4, 4)
    add = staticmethod(lambda a, b: ((a[0] + b[0]) % P, (a[1] + b[1]) % P))
    sub = staticmethod(lambda a, b: ((a[0] - b[0]) % P, (a[1] - b[1]) % P))
    mul = staticmethod(lambda a, b: ((a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P))
    square = staticmethod(lambda a: ((a[0] + a[1]) * (a[0] - a[1]) % P, 2 * a[0] * a[1] % P))
    neg = staticmethod(lambda a: (-a[0] % P, -a[1] % P))

    @staticmethod
    def inv(a):
        n = pow(a[0] * a[0] + a[1] * a[1], -1, P)
        return a[0] * n % P, -a[1] * n % P


def power2(a, n):
    out = Fp2.one
    for digit in bin(n)[2:]:
        out = Fp2.mul(out, out)
        if digit == "1":
            out = Fp2.mul(out, a)
    return out


def root1(square):
    x = pow(square, (P + 1) // 4, P)
    return x if x * x % P == square else None


def root2(square):
    """A square root in Fp2, or None."""
    a, b = square
    if b == 0:
        x = root1(a)
        return (x, 0) if x is not None else (0, root1(-a % P))
    norm = root1((a * a + b * b) % P)
    if norm is None:
        return None
    half = pow(2, -1, P)
    x = root1((a + norm) * half % P)
    if x is None:
        x = root1((a - norm) * half % P)
    return x, b * pow(2 * x, -1, P) % P


def folded(re, im):
    """Six coefficients of eleven, by w^6 = 1 + i."""
    return [((re[i] + re[i + 6] - im[i + 6]) % P, (im[i] + re[i + 6] + im[i + 6]) % P) if i < 5 else (re[i] % P, im[i] % P) for i in range(6)]


def mul12(a, b):
    re, im = [0] * 11, [0] * 11
    for i, (x, y) in enumerate(a):
        if x or y:
            for j, (u, v) in enumerate(b):
                if u or v:
                    re[i + j] += x * u - y * v
                    im[i + j] += x * v + y * u
    return folded(re, im)


def square12(a):
    re, im = [0] * 11, [0] * 11
    for i, (x, y) in enumerate(a):
        re[2 * i] += (x + y) * (x - y)
        im[2 * i] += 2 * x * y
        for j, (u, v) in enumerate(a[:i]):
            re[i + j] += 2 * (x * u - y * v)
            im[i + j] += 2 * (x * v + y * u)
    return folded(re, im)


ONE12 = [(1, 0)] + [(0, 0)] * 5
FROBENIUS = [power2((1, 1), (P - 1) // 6 * i) for i in range(6)]


def frobenius(a):
    return [Fp2.mul((x, -y % P), FROBENIUS[i]) for i, (x, y) in enumerate(a)]


def conjugate(a):
    """a to the power p^6."""
    return [Fp2.neg(c) if i & 1 else c for i, c in enumerate(a)]


def inverse12(a):
    """By the norms to Fp6 and to Fp2."""
    other = conjugate(a)
    n6 = mul12(a, other)
    f, norm = frobenius(frobenius(n6)), None
    rest = mul12(f, frobenius(frobenius(f)))
    norm = mul12(n6, rest)[0]
    scale = Fp2.inv(norm)
    return [Fp2.mul(c, scale) for c in mul12(other, rest)]


def power12(a, n):
    out = ONE12
    for digit in bin(n)[2:]:
        out = square12(out)
        if digit == "1":
            out = mul12(out, a)
    return out


# --- curves: y^2 = x^3 + 4 and y^2 = x^3 + 4 (1 + i) ----------------------------------------------------------------------------------------------


def plus(f, p, q):
    if p is None or q is None:
        return p if q is None else q
    if p[0] == q[0]:
        if p[1] != q[1] or p[1] == f.zero:
            return None
        square = f.mul(p[0], p[0])
        slope = f.mul(f.add(f.add(square, square), square), f.inv(f.add(p[1], p[1])))
    else:
        slope = f.mul(f.sub(q[1], p[1]), f.inv(f.sub(q[0], p[0])))
    return on_line(f, p, q, slope)


def on_line(f, p, q, slope):
    """The sum of two points whose line has this slope."""
    x = f.sub(f.sub(f.mul(slope, slope), p[0]), q[0])
    return x, f.sub(f.mul(slope, f.sub(p[0], x)), p[1])


def double_jacobian(f, p):
    x, y, z = p
    a, b = f.square(x), f.square(y)
    c = f.square(b)
    d = f.sub(f.sub(f.square(f.add(x, b)), a), c)
    d = f.add(d, d)
    e = f.add(f.add(a, a), a)
    x3 = f.sub(f.square(e), f.add(d, d))
    c8 = f.add(c, c)
    c8 = f.add(c8, c8)
    c8 = f.add(c8, c8)
    yz = f.mul(y, z)
    return x3, f.sub(f.mul(e, f.sub(d, x3)), c8), f.add(yz, yz)


def plus_affine(f, p, q):
    """Jacobian and affine."""
    x1, y1, z1 = p
    if z1 == f.zero:
        return q[0], q[1], f.one
    zz = f.square(z1)
    h, r = f.sub(f.mul(q[0], zz), x1), f.sub(f.mul(q[1], f.mul(zz, z1)), y1)
    if h == f.zero:
        return double_jacobian(f, p) if r == f.zero else (f.one, f.one, f.zero)
    hh = f.square(h)
    hhh, v = f.mul(hh, h), f.mul(x1, hh)
    x3 = f.sub(f.sub(f.square(r), hhh), f.add(v, v))
    return x3, f.sub(f.mul(r, f.sub(v, x3)), f.mul(y1, hhh)), f.mul(z1, h)


def times(f, n, p):
    if p is None:
        return None
    out = (f.one, f.one, f.zero)
    for digit in bin(n)[2:]:
        out = double_jacobian(f, out)
        if digit == "1":
            out = plus_affine(f, out, p)
    if out[2] == f.zero:
        return None
    z = f.inv(out[2])
    zz = f.mul(z, z)
    return f.mul(out[0], zz), f.mul(out[1], f.mul(zz, z))


def negative(f, p):
    return None if p is None else (p[0], f.neg(p[1]))


PSI = Fp2.inv(FROBENIUS[2]), Fp2.inv(FROBENIUS[3])


def psi(q):
    """The Frobenius map of Fp12 on the twist."""
    return None if q is None else tuple(Fp2.mul((x, -y % P), c) for (x, y), c in zip(q, PSI))


# --- points as bytes ------------------------------------------------------------------------------------------------------------------------------------


def coordinate(data, length):
    must(len(data) == length and data[0] & 0x80, "not a compressed point")
    must(not data[0] & 0x40, "a point at infinity")
    return bytes([data[0] & 0x1F]) + data[1:], data[0] >> 5 & 1


def in_group(holds, point):
    must(holds, "a point outside the subgroup")
    return point


@lru_cache(maxsize=None)
def key_point(data):
    rest, greater = coordinate(data, 48)
    x = int.from_bytes(rest, "big")
    must(x < P, "a point that is not canonical")
    y = root1((x * x * x + 4) % P)
    must(y is not None, "no point of the curve")
    point = x, P - y if (2 * y > P) != greater else y
    return in_group(times(Fp, R, point) is None, point)


@lru_cache(maxsize=None)
def signature_point(data):
    rest, greater = coordinate(data, 96)
    x = int.from_bytes(rest[48:], "big"), int.from_bytes(rest[:48], "big")
    must(max(x) < P, "a point that is not canonical")
    y = root2(Fp2.add(Fp2.mul(x, Fp2.mul(x, x)), Fp2.four))
    must(y is not None, "no point of the curve")
    is_greater = 2 * (y[1] or y[0]) > P
    point = x, Fp2.neg(y) if is_greater != greater else y
    return in_group(times(Fp2, X, point) == negative(Fp2, psi(point)), point)  # Scott, ePrint 2021/1130


# --- hashing to G2 ------------------------------------------------------------------------------------------------------------------------------------

A, B, Z = (0, 240), (1012, 1012), (-2 % P, -1 % P)  # the curve that is 3-isogenous, and Z (RFC 9380 8.8.2)
KERNEL = (-6 % P, 6)  # x of the isogeny's kernel: its equations follow by Velu


def expand(message, length):
    dst = DST + bytes([len(DST)])
    first = sha256(bytes(64) + message + length.to_bytes(2, "big") + b"\0" + dst).digest()
    out = [sha256(first + b"\1" + dst).digest()]
    while len(out) * 32 < length:
        mixed = bytes(x ^ y for x, y in zip(first, out[-1]))
        out.append(sha256(mixed + bytes([len(out) + 1]) + dst).digest())
    return b"".join(out)[:length]


def sign_of(a):
    return a[0] & 1 or (a[0] == 0 and a[1] & 1)


def map_to_curve(u):
    """Simplified SWU and the isogeny."""
    f = Fp2
    zu = f.mul(Z, f.mul(u, u))
    t = f.add(f.mul(zu, zu), zu)
    x = f.mul(B, f.inv(f.mul(Z, A))) if t == f.zero else f.mul(f.mul(f.neg(B), f.inv(A)), f.add(f.one, f.inv(t)))

    def right(x):
        return f.add(f.mul(f.add(f.mul(x, x), A), x), B)

    y = root2(right(x))
    if y is None or f.mul(y, y) != right(x):
        x = f.mul(zu, x)
        y = root2(right(x))
    if sign_of(u) != sign_of(y):
        y = f.neg(y)
    k2 = f.mul(KERNEL, KERNEL)
    v = f.add(f.mul((6, 0), k2), f.mul((2, 0), A))
    w = f.mul((4, 0), right(KERNEL))
    d = f.inv(f.sub(x, KERNEL))
    d2 = f.mul(d, d)
    to_x = f.add(f.add(x, f.mul(v, d)), f.mul(w, d2))
    to_y = f.mul(y, f.sub(f.sub(f.one, f.mul(v, d2)), f.mul(f.mul((2, 0), w), f.mul(d2, d))))
    third = pow(-3, -1, P)
    return f.mul(to_x, (third * third % P, 0)), f.mul(to_y, (third**3 % P, 0))


def clear_cofactor(q):
    """h_eff q = (x^2 - x - 1) q + (x - 1) psi(q) + psi^2(2 q), x the curve's parameter (RFC 9380 8.8.2, G.3)."""
    xq = negative(Fp2, times(Fp2, X, q))
    rest = plus(Fp2, xq, psi(q))
    out = plus(Fp2, negative(Fp2, times(Fp2, X, rest)), negative(Fp2, rest))
    return plus(Fp2, plus(Fp2, out, negative(Fp2, q)), psi(psi(plus(Fp2, q, q))))


@lru_cache(maxsize=None)
def hash_to_g2(message):
    data = expand(message, 256)
    parts = [int.from_bytes(data[i : i + 64], "big") % P for i in range(0, 256, 64)]
    return clear_cofactor(plus(Fp2, map_to_curve((parts[0], parts[1])), map_to_curve((parts[2], parts[3]))))


# --- the pairing --------------------------------------------------------------------------------------------------------------------------------------


def line(t, slope, p):
    """The line through T of this slope at the untwisted place of P, times a factor of a subfield."""
    const = Fp2.sub(Fp2.mul(slope, t[0]), t[1])
    xi = (1, 1)
    return [Fp2.mul(xi, (p[1], 0)), (0, 0), (0, 0), const, (0, 0), Fp2.mul(Fp2.neg(slope), (p[0], 0))]


def miller(*pairs):
    """The product of the Miller loops of pairs (Q, P): they share their squarings."""
    f, at = ONE12, [q for q, _ in pairs]

    for digit in bin(X)[3:]:
        f = square12(f)
        for i, (q, p) in enumerate(pairs):
            t = at[i]
            slope = Fp2.mul(Fp2.mul((3, 0), Fp2.mul(t[0], t[0])), Fp2.inv(Fp2.add(t[1], t[1])))
            f = mul12(f, line(t, slope, p))
            at[i] = t = on_line(Fp2, t, t, slope)
            if digit == "1":
                slope = Fp2.mul(Fp2.sub(q[1], t[1]), Fp2.inv(Fp2.sub(q[0], t[0])))
                f = mul12(f, line(t, slope, p))
                at[i] = on_line(Fp2, t, q, slope)
    return conjugate(f)


def is_one(f):
    """Whether f to the power 3 (p^12 - 1) / r is 1 (Hayashida, Hayasaka, Teruya, ePrint 2020/875)."""
    f = mul12(conjugate(f), inverse12(f))
    f = mul12(frobenius(frobenius(f)), f)

    def by_x(a):
        return conjugate(power12(a, X))

    a = mul12(by_x(f), conjugate(f))
    a = mul12(by_x(a), conjugate(a))
    a = mul12(by_x(a), frobenius(a))
    a = mul12(mul12(by_x(by_x(a)), frobenius(frobenius(a))), conjugate(a))
    return mul12(a, mul12(square12(f), f)) == ONE12


G1 = (
    0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
    0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1,
)


@lru_cache(maxsize=None)
def aggregate_holds(keys, message, signature):
    """FastAggregateVerify, under keys that showed possession. `keys` is a tuple."""
    try:
        total = None
        for key in keys:
            total = plus(Fp, total, key_point(key))
        must(total is not None, "keys whose sum is the infinity")
        point = signature_point(signature)
    except Bad:
        return False
    return is_one(miller((hash_to_g2(message), total), (point, negative(Fp, G1))))


def holds(key, message, signature):
    return aggregate_holds((key,), message, signature)
