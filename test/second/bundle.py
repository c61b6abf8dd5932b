"""A proof bundle, whole: docs/spec/receipts.md, light.md (Bytes), rollup.md, state.md. It runs nothing again: that is for `utnet verify --reexecute`."""

import ed25519
from addresses import address_of_key, text_of
from car import read_car, read_file, write_car
from cbor import DAG_CBOR, Bad, Link, decode, digest, domain, encode, must, must_be_cid
from hashlib import sha256
from light import MAX_STEPS, Light, is_header
from receipts import EMPTY, SHAPES, body_of, call_secret, call_seed, files_needed, hashes_in, is_commitment, opening_digest, part_salt, run_seed
from shapes import either, is_amount, is_bool, is_bytes, is_hash, is_link, is_list, is_map, is_null, is_one_of, is_text, is_tuple, is_uint, shaped
from trees import audit, climb, is_trie_proof, leaf, trie_root

BATCH_RECEIPTS = 4096
CONTEXT_BLOCKS = 600
CAR_BYTES = 1 << 28

is_batch = is_map(node=is_hash, thread=is_uint(), first=is_uint(), size=is_uint(), prev=is_hash, root=is_hash)
is_path = is_list(is_hash, 64)
is_block = is_map(header=is_link, certificate=is_link)
is_part = either(is_null, is_map(salt=is_hash, opening=is_link, files=is_list(is_link)))
is_root = is_map(
    v=is_one_of(1), chainId=is_bytes(36), receipt=is_link, attestation=either(is_null, is_map(batch=is_batch, index=is_uint(), path=is_path, sig=is_bytes(64))),
    anchor=is_map(height=is_uint(), index=is_uint(), path=is_path), anchorBlock=is_block, contextBlock=is_block,
    **{"from": either(is_null, is_hash)}, epochs=is_list(is_map(header=is_link, certificate=is_link, delta=is_link)),
    node=either(is_null, is_map(account=is_bytes(), proof=is_trie_proof)), rollup=either(is_null, is_map(block=is_block, record=is_bytes(), proof=is_trie_proof)),
    module=is_link, callees=is_list(is_link), input=is_part, output=is_part, log=is_part, witness=either(is_null, is_link),
    models=is_list(either(is_link, is_bytes(36))),
)  # fmt: skip
is_account = is_tuple(is_amount, is_uint(), is_amount, either(is_null, is_tuple(is_hash, is_one_of("validator", "provider"))))
is_thread = is_tuple(is_uint(), is_hash, either(is_null, is_uint()))


class Bundle:
    """The blocks of a file that its root leads to, and nothing else, in the one order that they may have."""

    def __init__(self, data):
        self.name, self.blocks = read_car(data)
        self.collect()
        must(write_car(self.name, self.taken) == data, "the file is not in its canonical order")

    def collect(self):
        self.root = root = shaped(decode(self.block(self.name)), is_root, "the root of the bundle")
        self.taken, self.files, self.length = {self.name: self.block(self.name)}, {}, 0
        self.take(root["receipt"])
        self.take_final(root["anchorBlock"])
        self.take_final(root["contextBlock"])
        if root["rollup"] is not None:
            self.take_final(root["rollup"]["block"])
        for step in root["epochs"]:
            self.take_final(step)
            self.take(step["delta"])
        self.take_file(root["module"])
        for callee in root["callees"]:
            self.take_file(callee)
        for part in (root["input"], root["output"], root["log"]):
            if part is not None:
                self.take(part["opening"])
                for file in part["files"]:
                    self.take_file(file)
        if root["witness"] is not None:
            self.take(root["witness"])
        for model in root["models"]:
            if isinstance(model, Link):
                self.take_file(model)
            else:
                must_be_cid(model)

    def block(self, link):
        must(link in self.blocks, "a block is missing")
        return self.blocks[link]

    def take(self, link):
        must(link[1] == DAG_CBOR, "a link to no dag-cbor")
        if link not in self.taken:
            self.taken[link] = self.block(link)
            self.grow(len(self.taken[link]))

    def grow(self, length):
        self.length += length
        must(self.length <= CAR_BYTES, "a bundle that unfolds into more than a file may hold")

    def take_final(self, links):
        self.take(links["header"])
        self.take(links["certificate"])

    def take_file(self, link):
        if link in self.files:
            return
        self.files[link], seen = read_file(link, self.blocks)
        self.grow(len(self.files[link]))
        for name in seen:
            self.taken.setdefault(name, self.block(name))


def check_chain(light, bundle):
    """The headers of the blocks shown, each final; and the members of the anchor's epoch."""
    root, steps = bundle.root, list(bundle.root["epochs"])
    shown = {"anchor": root["anchorBlock"], "context": root["contextBlock"]}
    if root["rollup"] is not None:
        shown["rollup"] = root["rollup"]["block"]
    must(len(steps) <= MAX_STEPS, "more steps than one proof may have")
    must(root["chainId"] == bytes(light.chain), "a bundle of another chain")
    must((root["from"] or light.genesis_hash) == light.at.hash, "the bundle does not begin at what is trusted")
    final = {}
    while True:
        # A block is certified under the newest point that is not above it, or, where it is the last of its epoch and a point itself, under the one before.
        for which, links in shown.items():
            height = shaped(decode(bundle.block(links["header"])), is_header, "a header")["height"]
            if height > light.at.height or (height == light.at.height and not light.is_last(height)):
                try:
                    final[which] = *light.final(bundle.block(links["header"]), bundle.block(links["certificate"])), light.at.members
                except Bad as why:
                    final[which] = why
        if not steps:
            break
        step = steps.pop(0)
        light.step(*(bundle.block(step[part]) for part in ("header", "certificate", "delta")))
    for which in shown:
        must(not isinstance(final.get(which), (Bad, type(None))), f"the {which} block is not final: {final.get(which)}")
    (context, before, set_), (anchor, hash_, members) = final["context"], final["anchor"]
    must(context["height"] != anchor["height"] or before == hash_, "two blocks of one height")
    if context["height"] + 1 == anchor["height"]:
        must(anchor["parent"] == before and anchor["time"] > context["time"], "the anchor block does not follow the context block")
        light.must_be_drawn(anchor, context["seed"], members)
    for header, _, members_ in final.values():
        if header["height"] == 1:
            light.must_be_drawn(header, digest("genesis-seed", light.chain), members_)
    return {which: found[0] for which, found in final.items()}, members


def check_run(light, bundle, body, data, final, members):
    root = bundle.root
    attestation = root["attestation"]
    must(attestation is not None and root["node"] is not None, "a run without its attestation or its node")
    batch, index = attestation["batch"], attestation["index"]
    must(audit(leaf(data), index, batch["size"], attestation["path"]) == batch["root"], "the receipt is not in its batch")
    must((batch["node"], batch["thread"]) == (body["node"], body["thread"]), "the batch of another node or thread")
    must(1 <= batch["size"] <= BATCH_RECEIPTS, "a batch of nothing, or of too much")
    must((batch["first"] == 0) == (batch["prev"] == bytes(32)), "only the first batch of a thread has none before it")
    must(batch["first"] + index == body["seq"], "another place in the batch than the receipt's number")
    must(ed25519.holds(attestation["sig"], domain("batch") + light.chain + encode(batch), batch["node"]), "the batch has no signature of its node's")

    context = body["context"]
    must(final["context"]["height"] < final["anchor"]["height"], "a context that is not before the anchor")
    must(final["anchor"]["height"] - final["context"]["height"] <= CONTEXT_BLOCKS, "anchored late")
    must(context["seed"] == run_seed(final["context"]["seed"], body), "the seed does not follow from the context")
    must(final["context"]["time"] <= context["time"] <= final["anchor"]["time"], "the time lies outside its blocks")

    node = root["node"]
    must(trie_root(address_of_key(body["node"]), node["account"], node["proof"]) == final["anchor"]["state"]["accounts"], "the node has no such account")
    _, _, bond, role = shaped(decode(node["account"]), is_account, "an account")
    must(role is not None and role[0] == body["node"], "the account is not that of the node")
    must(light.dev or bond != b"" or body["node"] in [member["key"] for member in members], "nothing is at stake behind the node")

    rollup = root["rollup"]
    must(rollup is not None, "a run without the record of its thread")
    must(final["rollup"]["height"] >= final["anchor"]["height"], "a record older than the anchor")
    key = b"batch/" + body["node"] + b"/" + str(body["thread"]).encode()
    must(trie_root(key, rollup["record"], rollup["proof"]) == final["rollup"]["state"]["offchain"], "the thread has no such record")
    next_, _, _ = shaped(decode(rollup["record"]), is_thread, "the record of a thread")
    must(body["seq"] < next_, "the batch was refuted")
    return encode(["batch", encode(batch), attestation["sig"]])


def check_call(bundle, body, final):
    root = bundle.root
    must(root["attestation"] is None and root["node"] is None and root["rollup"] is None, "a call with parts of a run")
    must(final["context"] == final["anchor"], "the context of a call is its block")
    must(body["context"]["seed"] == call_seed(final["anchor"]["seed"], body["tx"]), "the seed does not follow from the block")
    must(body["context"]["time"] == final["anchor"]["time"], "another time than the block's")
    must(body["world"] == "contract", "a call of no contract")


is_reads = is_list(is_tuple(is_bytes(), either(is_null, is_bytes())))
is_witness = is_map(
    caller=is_text, contract=is_text, owner=is_text, version=is_uint(), height=is_uint(), time=is_uint(), chainId=is_text, gasLimit=is_uint(64), hook=is_bool,
    reads=is_reads, changes=is_hash,
    callees=is_list(is_map(asked=is_list(is_text), contract=is_text, owner=is_text, version=is_uint(), module=is_link, ready=is_uint(), reads=is_reads)),
)  # fmt: skip


def check_part(bundle, body, name):
    """The decoded opening of a part, or None where it is not shown; what a public receipt binds must be."""
    part, bound = bundle.root[name], body[name]
    if part is None:
        must(bound is None or body.get("retention", "public") != "public", f"the {name} is missing, although it is public")
        return None
    data = bundle.block(part["opening"])
    must(bound is not None and opening_digest(name, part["salt"], data) == bound, f"the {name} is not the one that the receipt binds")
    if body["kind"] == "call":
        must(part["salt"] == part_salt(call_secret(body["tx"]), name), f"the salt of the {name} does not follow from the transaction")
    opening = shaped(decode(data), SHAPES[body["kind"], name], f"the {name}")
    shown = [sha256(bundle.files[link]).digest() for link in part["files"]]
    must(len(set(shown)) == len(shown) and set(shown) <= set(hashes_in(opening)), f"a file that the {name} does not name, or one twice")
    must(set(files_needed(body["kind"], name, opening)) <= {*shown, EMPTY}, f"a file of the {name} is missing")
    return opening


def check_witness(bundle, body, changes):
    root, context = bundle.root, body["context"]
    must(root["witness"] is not None, "a call without a witness")
    witness = shaped(decode(bundle.block(root["witness"])), is_witness, "a witness")
    must((witness["height"], witness["time"], witness["chainId"]) == (context["height"], context["time"], text_of(context["chainId"])), "the witness is of another block")
    must(witness["gasLimit"] >= body["gas"], "the witness has less gas than was used")
    must(witness["changes"] == changes, "the witness has other changes than the output")
    must(root["callees"] == list(dict.fromkeys(callee["module"] for callee in witness["callees"])), "other modules than those of the contracts called")


def check_commitment(bundle, body, given, made):
    """What an inference gave is what it committed to, of the inputs that it was given."""
    must(isinstance(body["models"], list) and body["models"] != [], "an inference without a model")
    model = body["models"][0]
    must(model["root"] == made[1], "the output has another commitment than the receipt")
    data = next(bundle.files[link] for link in bundle.root["output"]["files"] if bytes(link[4:]) == made[1] or sha256(bundle.files[link]).digest() == made[1])
    must(data.startswith(domain("tensor-commitment")), "a file that is no commitment")
    commitment = shaped(decode(data[len(domain("tensor-commitment")) :]), is_commitment, "a commitment")
    must((commitment["model"], commitment["arithmetic"]) == (model["model"], model["arithmetic"]), "a commitment of another model or arithmetic")
    must(commitment["outputs"] == made[0], "a commitment of other outputs")
    must(given is None or commitment["inputs"] == given, "a commitment of other inputs")


def check_parts(bundle, body):
    root, kind = bundle.root, body["kind"]
    given, made, _ = (check_part(bundle, body, name) for name in ("input", "output", "log"))
    if kind == "call":
        must(given[0] == body["entry"], "the input names another export")
        check_witness(bundle, body, made[1])
    else:
        must(root["witness"] is None and root["callees"] == [], "a run with a witness")
    if kind == "infer" and made is not None:
        check_commitment(bundle, body, given, made)
    named = [] if isinstance(body["models"], bytes) else list(dict.fromkeys(bytes(model["model"]) for model in body["models"]))
    must([bytes(model) for model in root["models"]] == named, "other models than the receipt names")
    must(len({type(model) for model in root["models"]}) <= 1, "some of the models only")


def check(genesis, data, checkpoint=None, now=None):
    """Raises Bad where anything of the bundle does not hold."""
    light = Light(genesis, checkpoint, now)
    bundle = Bundle(data)
    root = bundle.root
    body_bytes = bundle.block(root["receipt"])
    body = body_of(body_bytes)
    must(root["module"] == body["module"], "the module is not the one that the receipt names")
    final, members = check_chain(light, bundle)
    context = body["context"]
    must(context["chainId"] == light.chain and context["height"] == final["context"]["height"], "the context is of another block")
    if body["kind"] == "call":
        check_call(bundle, body, final)
        proven = encode(["call", body_bytes])
    else:
        proven = check_run(light, bundle, body, body_bytes, final, members)
    anchor = root["anchor"]
    must(anchor["height"] == final["anchor"]["height"], "the anchor names another block")
    must(climb(leaf(proven), anchor["index"], anchor["path"]) == final["anchor"]["receiptRoot"], "the receipt is not in the block")
    check_parts(bundle, body)
    return body
