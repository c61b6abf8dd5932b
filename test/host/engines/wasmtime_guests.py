"""Repeats traces of our guests on wasmtime: every call either way, every value, the gas at every crossing, the memory at every end.

pip install wasmtime; python3 wasmtime_guests.py DIR   (DIR as `node test/host/guests/main.ts DIR` leaves it)
"""

import hashlib
import importlib.metadata
import json
import sys

import wasmtime


class Refused(Exception):
    """The host ended the call."""


class Replay:
    def __init__(self, engine, module, events):
        self.events = events
        self.at = 0
        self.red = []
        self.store = wasmtime.Store(engine)
        funcs = [wasmtime.Func(self.store, i.type, self.importer(f"{i.module} {i.name}", i.type)) for i in module.imports]
        self.exports = wasmtime.Instance(self.store, module, funcs).exports(self.store)
        self.gas = self.exports["utnet:gas"]
        self.memory = next((e for e in self.exports.values() if isinstance(e, wasmtime.Memory)), None)

    def next(self):
        event = self.events[self.at]
        self.at += 1
        return event

    def check(self, what, got, want):
        if got != want:
            self.red.append(f"event {self.at - 1} {what}: {got}, V8 {want}")

    def apply(self, event):
        for at, data in event["writes"]:
            self.memory.write(self.store, bytes.fromhex(data), at)
        self.gas.set_value(self.store, wasmtime.Val.i64(int(event["gas"])))

    @staticmethod
    def core(text, kind):
        if kind == "i32":
            value = int(text) & 0xFFFFFFFF
            return value - (1 << 32) if value >> 31 else value
        if kind == "i64":
            value = int(text) & (1 << 64) - 1
            return value - (1 << 64) if value >> 63 else value
        return float(text)

    def importer(self, name, kind):
        params = [str(p) for p in kind.params]
        results = [str(r) for r in kind.results]

        def call(*args):
            event = self.next()
            self.check("import", [event["t"], event.get("name")], ["import", name])
            self.check(f"arguments of {name}", list(args), [self.core(a, k) for a, k in zip(event["args"], params)])
            self.check(f"gas at {name}", str(self.gas.value(self.store)), event["gas"])
            while True:
                event = self.next()
                if event["t"] == "enter":
                    self.enter(event)
                elif event["t"] == "resume":
                    self.apply(event)
                    return self.core(event["result"], results[0]) if results else None
                else:
                    self.gas.set_value(self.store, wasmtime.Val.i64(int(event["gas"])))
                    raise Refused()

        return call

    def enter(self, event):
        self.apply(event)
        fn = self.exports[event["name"]]
        kind = fn.type(self.store)
        args = [self.core(a, str(k)) for a, k in zip(event["args"], kind.params)]
        status, result = "ok", ""
        try:
            got = fn(self.store, *args)
            result = "" if got is None else got
        except (wasmtime.Trap, wasmtime.WasmtimeError, Refused):
            status = "trap"
        event = self.next()
        results = [str(r) for r in kind.results]
        want = "" if status == "trap" or not results else self.core(event["result"], results[0])
        memory = b"" if self.memory is None else bytes(self.memory.read(self.store, 0, self.memory.data_len(self.store)))
        self.check("end", [event["t"], event.get("status"), want], ["exit", status, result])
        self.check("gas at the end", str(self.gas.value(self.store)), event["gas"])
        self.check("memory at the end", hashlib.sha256(memory).hexdigest(), event["memory"])

    def run(self):
        while self.at < len(self.events):
            self.enter(self.next())


def main(folder: str) -> int:
    engine = wasmtime.Engine()
    modules = {}
    red = []
    events = 0
    with open(f"{folder}/traces.json", encoding="utf8") as f:
        traces = json.load(f)
    with open(f"{folder}/lines.json", encoding="utf8") as f:
        runs = len(json.load(f))
    for number, trace in enumerate(traces):
        guest = trace["guest"]
        if guest not in modules:
            with open(f"{folder}/{guest}.wasm", "rb") as f:
                modules[guest] = wasmtime.Module(engine, f.read())
        replay = Replay(engine, modules[guest], trace["events"])
        replay.run()
        events += replay.at
        red += [f"trace {number} of {guest}: {line}" for line in replay.red]
    version = importlib.metadata.version("wasmtime")
    told = {"guests": len(modules), "runs": runs, "instances": len(traces), "events": events, "red": len(red)}
    print(json.dumps({"engine": f"wasmtime {version}", **told}))
    for line in red[:50]:
        print("RED", line[:300])
    return 0 if not red and events else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
