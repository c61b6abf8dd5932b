"""Bodies of receipts, salts and openings: docs/spec/receipts.md, commitments.md."""

from hashlib import sha256

from cbor import decode, digest, domain, encode, must
from shapes import either, is_bytes, is_hash, is_link, is_list, is_map, is_null, is_one_of, is_text, is_tuple, is_uint, shaped

BODY_BYTES, MODELS_BYTES = 1024, 512

is_models = either(is_list(is_map(model=is_link, arithmetic=is_text, root=is_hash), 3), is_hash)
COMMON = dict(
    v=is_one_of(1), module=is_link, world=is_text, entry=is_text, input=is_hash, output=is_hash, status=is_one_of("ok", "trap", "out-of-gas", "refused"),
    gas=is_uint(64), protocol=is_uint(), log=either(is_null, is_hash), models=is_models,
    context=is_map(chainId=is_link, height=is_uint(), time=is_uint(), seed=is_hash),
)  # fmt: skip
is_body = either(
    is_map(kind=is_one_of("call"), node=is_null, tx=is_link, events=is_hash, **COMMON),
    is_map(
        kind=is_one_of("invoke", "infer"), node=is_hash, thread=is_uint(), seq=is_uint(), retention=is_one_of("public", "sealed", "none"), **COMMON
    ),
)


def body_of(data):
    must(len(data) <= BODY_BYTES, "a receipt of more than 1 KB")
    body = shaped(decode(data), is_body, "a receipt")
    if isinstance(body["models"], list):
        must(sum(len(encode(model)) for model in body["models"]) <= MODELS_BYTES, "models of more than 512 bytes")
    must(body["protocol"] == 1, "a protocol that is not known")
    return body


def part_salt(secret, name):
    return digest("salt", encode([secret, name]))


def call_secret(tx):
    return digest("call-salt", tx)[:16]


def call_seed(seed, tx):
    return digest("call-seed", seed + tx)


def run_seed(seed, body):
    return digest("run-seed", encode([seed, body["module"], body["input"], body["thread"], body["seq"]]))


def opening_digest(name, salt, opening):
    return sha256(domain(name) + salt + opening).digest()


is_headers = is_list(is_tuple(is_text, is_bytes()))
is_request = is_tuple(is_text, is_text, is_headers, is_hash)
is_response = is_tuple(is_uint(), is_headers, is_hash)
is_tensor = is_tuple(is_text, is_text, is_list(is_uint()), is_hash)
is_tensors = is_list(is_tensor)
EMPTY = sha256(b"").digest()


is_commitment = is_map(
    v=is_one_of(1), model=is_link, arithmetic=is_text, inputs=is_tensors, outputs=is_tensors, entries=is_uint(),
    checkpoints=is_list(is_tuple(is_uint(), is_hash), 15), exceptions=is_list(is_tuple(is_uint(), is_text)),
)  # fmt: skip


def is_any(_):
    return True


SHAPES = {
    ("call", "input"): is_tuple(is_text, is_list(is_any)),
    ("call", "output"): is_tuple(is_any, is_hash),
    ("invoke", "input"): is_request,
    ("invoke", "output"): is_response,
    ("infer", "input"): is_tensors,
    ("infer", "output"): is_tuple(is_tensors, is_hash),
    **{(kind, "log"): is_list(is_any) for kind in ("call", "invoke", "infer")},
}


def hashes_in(value):
    """All byte strings of 32 bytes of an opening."""
    if isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from hashes_in(part)
    elif is_hash(value):
        yield value


def files_needed(kind, part, opening):
    """The sha256 of each file without which an opening is not whole."""
    if part == "log" or kind == "call":
        return []
    if kind == "invoke":
        return [opening[-1]]
    return [head[3] for head in opening] if part == "input" else [*(head[3] for head in opening[0]), opening[1]]
