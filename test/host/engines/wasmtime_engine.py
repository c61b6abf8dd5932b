"""Runs prepared modules on wasmtime and holds them against what V8 wrote down (`prove --out DIR`).

pip install wasmtime; python3 wasmtime_engine.py DIR
"""

import hashlib
import importlib.metadata
import json
import math
import struct
import sys

import wasmtime

PLENTY = 1 << 50
SPLIT = """(module (import "log" "v128" (func $log (param i64 i64)))
  (func (export "log-v128") (param v128)
    (call $log (i64x2.extract_lane 0 (local.get 0)) (i64x2.extract_lane 1 (local.get 0)))))"""
ARGUMENTS = {"i": -7_654_321, "l": 0x123456789ABCDEF0, "f": 1.5, "d": -1e100, "r": None, "e": None}


def number(value: float) -> str:
    """A float as JavaScript's String() writes it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    text = repr(abs(value))
    digits, _, exponent = text.partition("e")
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    all_digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(all_digits)
    all_digits = all_digits.rstrip("0")
    n, k = point, len(all_digits)
    if k <= n <= 21:
        out = all_digits + "0" * (n - k)
    elif 0 < n <= 21:
        out = all_digits[:n] + "." + all_digits[n:]
    elif -6 < n <= 0:
        out = "0." + "0" * -n + all_digits
    else:
        sign = "+" if n > 0 else "-"
        out = all_digits[0] + ("." + all_digits[1:] if k > 1 else "") + "e" + sign + str(abs(n - 1))
    return ("-" if value < 0 else "") + out


def text(value, kind: str) -> str:
    if kind in ("f32", "f64"):
        return number(value)
    if kind in ("i32", "i64"):
        return str(value)
    return "null" if value is None else "function"


def imports(store, module, log, split):
    out = []
    for item in module.imports:
        if item.name == "log-v128":
            # Vectors do not reach Python: they come in two halves
            kind_type = wasmtime.FuncType([wasmtime.ValType.i64(), wasmtime.ValType.i64()], [])
        else:
            kind_type = item.type
        kinds = [str(p) for p in kind_type.params]
        results = [str(r) for r in kind_type.results]
        answer = None if results and results[0] not in ("i32", "i64", "f32", "f64") else 0

        def note(*args, name=item.name, kinds=kinds, results=results, answer=answer):
            log.append(f"{name} " + " ".join(text(a, k) for a, k in zip(args, kinds)))
            return answer if results else None

        fn = wasmtime.Func(store, kind_type, note)
        if item.name == "log-v128":
            fn = wasmtime.Instance(store, split, [fn]).exports(store)["log-v128"]
        out.append(fn)
    return out


def run(engine, module, split, call):
    log = []
    store = wasmtime.Store(engine)
    exports = wasmtime.Instance(store, module, imports(store, module, log, split)).exports(store)
    gas = exports["utnet:gas"]
    gas.set_value(store, wasmtime.Val.i64(PLENTY))
    try:
        start = exports.get("utnet:start")
        if start is not None:
            start(store)
        fn = exports[call["name"]]
        kinds = [str(r) for r in fn.type(store).results]
        got = fn(store, *[ARGUMENTS[p] for p in call["params"]])
    except wasmtime.Trap:
        return {"status": "trap", "results": "", "gas": "", "log": [], "memory": ""}
    except wasmtime.WasmtimeError as error:
        return {"status": f"error {error}", "results": "", "gas": "", "log": [], "memory": ""}
    values = [] if not kinds else [got] if len(kinds) == 1 else list(got)
    memory = next((e for e in exports.values() if isinstance(e, wasmtime.Memory)), None)
    data = b"" if memory is None else bytes(memory.read(store, 0, memory.data_len(store)))
    return {
        "status": "ok",
        "results": " ".join(text(v, k) for v, k in zip(values, kinds)) if kinds else "undefined",
        "gas": str(PLENTY - gas.value(store)),
        "log": log,
        "memory": hashlib.sha256(data).hexdigest(),
    }


def main(folder: str) -> int:
    config = wasmtime.Config()
    config.max_wasm_stack = 2_000_000
    engine = wasmtime.Engine(config)
    split = wasmtime.Module(engine, SPLIT)
    with open(f"{folder}/transcripts.json", encoding="utf8") as f:
        transcripts = json.load(f)
    calls = completed = 0
    red = []
    for name, transcript in transcripts.items():
        with open(f"{folder}/{name}", "rb") as f:
            module = wasmtime.Module(engine, f.read())
        for call in transcript["calls"]:
            calls += 1
            got = run(engine, module, split, call)
            completed += got["status"] == "ok"
            for key, value in got.items():
                if call[key] != value:
                    red.append(f"{name} {call['name']} {key}: {str(value)[:120]}, V8 {str(call[key])[:120]}")
    print(json.dumps({"engine": f"wasmtime {importlib.metadata.version('wasmtime')}", "modules": len(transcripts), "calls": calls, "completed": completed, "red": len(red)}))
    for line in red[:50]:
        print("RED", line)
    return 0 if not red and calls else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
