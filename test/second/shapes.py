"""What a decoded value must look like: a shape is a function that is true of the values it stands for."""

from cbor import Link, must


def is_uint(bits=53):
    return lambda v: type(v) is int and 0 <= v < 1 << bits


def is_bytes(*lengths):
    return lambda v: type(v) is bytes and (not lengths or len(v) in lengths)


def is_link(v):
    return isinstance(v, Link)


def is_text(v):
    return isinstance(v, str)


def is_bool(v):
    return isinstance(v, bool)


def is_one_of(*values):
    return lambda v: any(type(v) is type(one) and v == one for one in values)


def is_null(v):
    return v is None


def either(*shapes):
    return lambda v: any(shape(v) for shape in shapes)


def is_list(shape, most=1 << 20):
    return lambda v: isinstance(v, list) and len(v) <= most and all(map(shape, v))


def is_tuple(*shapes):
    return lambda v: isinstance(v, list) and len(v) == len(shapes) and all(shape(x) for shape, x in zip(shapes, v))


def is_map(**shapes):
    return lambda v: isinstance(v, dict) and v.keys() == shapes.keys() and all(shape(v[key]) for key, shape in shapes.items())


def shaped(value, shape, what):
    must(shape(value), f"{what} has another shape")
    return value


is_hash = is_bytes(32)


def is_amount(v):
    """encodings.md: big-endian without leading zeros, at most 16 bytes."""
    return type(v) is bytes and len(v) <= 16 and v[:1] != b"\0"
