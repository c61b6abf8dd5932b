"""Gas of core modules, counted by a plain interpreter: docs/spec/gas.md and the tables of docs/spec/parameters.md, which it reads. It knows integers, memory and calls; no floats, lanes, tables or host.

    python3 gas.py MODULE.wasm EXPORT ARG...

prints {result, gas}.
"""

import json
import re
import sys
from pathlib import Path

PAGE = (Path(__file__).parent / "../../docs/spec/parameters.md").read_text().replace("`", "")


def table(head):
    rows = re.search(rf"^\| {head} .*\n\|[-| ]+\|\n((?:\|.*\n)+)", PAGE, re.M)[1].strip().split("\n")
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def number(text):
    return int(text.replace(",", ""))


CLASS = {}
for name, codes in table("class"):
    for part in codes.split(", "):
        prefix, first, last = re.fullmatch(r"(f[cd] )?(\w\w)-?(\w\w)?", part).groups()
        for code in range(int(first, 16), int(last or first, 16) + 1):
            CLASS[(int(prefix or "0", 16) << 8) + code] = name


def prices(pages, functions, size):
    out = {"free": 0, **{name: number(value) for name, value in table("wasm")}}
    for head, used in (("pages", [pages]), ("functions", [functions, size])):
        names = re.search(rf"^\| {head}.*", PAGE, re.M)[0].strip("| ").split(" | ")
        tiers = [list(map(number, row)) for row in table(head)]
        fitting = [tier for tier in tiers if all(n <= most for n, most in zip(used, tier))]
        out.update(zip(names, (fitting or tiers[-1:])[0]))
    return out


# --- reading a module ------------------------------------------------------------------------------------------------------------------------------


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def u(self):
        n = shift = 0
        while True:
            byte = self.byte()
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n

    def s(self):
        n = shift = 0
        while True:
            byte = self.byte()
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n - (1 << shift) if byte & 64 else n

    def bytes(self, n):
        self.at += n
        return self.data[self.at - n : self.at]

    def list(self, read):
        return [read() for _ in range(self.u())]


def limits(r):
    has_max = r.byte()
    least = r.u()
    return least, (r.u() if has_max else 2048)


class Module:
    def __init__(self, data):
        r = Reader(data, 8)
        self.types, self.functions, self.exports, self.codes, self.globals, self.memory, self.data = [], [], {}, [], [], None, []
        while r.at < len(data):
            kind, size = r.byte(), r.u()
            self.section(kind, Reader(r.bytes(size)))

    def section(self, kind, r):
        if kind == 1:
            self.types = r.list(lambda: (r.byte(), r.list(r.byte), r.list(r.byte))[1:])
        elif kind == 3:
            self.functions = r.list(r.u)
        elif kind == 5:
            (self.memory,) = r.list(lambda: limits(r))
        elif kind == 6:
            self.globals = r.list(lambda: (r.byte(), r.byte(), self.constant(r))[2])
        elif kind == 7:
            self.exports = dict(r.list(lambda: (r.bytes(r.u()).decode(), (r.byte(), r.u())[1])))
        elif kind == 10:
            self.codes = r.list(lambda: Code(Reader(r.bytes(r.u()))))
        elif kind == 11:
            self.data = r.list(lambda: (r.u(), self.constant(r), r.bytes(r.u()))[1:])
        elif kind not in (0,):
            raise ValueError(f"section {kind} is not known here")

    def constant(self, r):
        r.byte()
        value = r.s()
        r.byte()
        return value


class Code:
    """Instructions as (opcode, immediates), and where each block ends."""

    def __init__(self, r):
        self.size = len(r.data)
        self.locals = sum(r.list(lambda: (r.u(), r.byte())[0]))
        self.code, self.end, self.other, opened = [], {}, {}, []
        while r.at < len(r.data):
            op, at = r.byte(), len(self.code)
            if op == 0xFC:
                op = 0xFC00 + r.u()
            args = ()
            if op in (0x02, 0x03, 0x04):
                args = (r.s(),)
                opened.append(at)
            elif op == 0x05:
                self.other[opened[-1]] = at
            elif op == 0x0B and opened:
                self.end[opened.pop()] = at
            elif op == 0x0E:
                args = (r.list(r.u), r.u())
            elif op in (0x0C, 0x0D, 0x10) or 0x20 <= op <= 0x24:
                args = (r.u(),)
            elif 0x28 <= op <= 0x3E:
                args = (r.u(), r.u())
            elif op in (0x3F, 0x40, 0xFC0B):
                args = (r.byte(),)
            elif op == 0xFC0A:
                args = (r.byte(), r.byte())
            elif op in (0x41, 0x42):
                args = (r.s(),)
            elif 0x43 <= op <= 0x44 or op == 0x11 or op >= 0xFD:
                if op != 0xFC0A and op != 0xFC0B:
                    raise ValueError(f"opcode {op:x} is not known here")
            self.code.append((op, args))


# --- running it ------------------------------------------------------------------------------------------------------------------------------------


def signed(n, bits):
    return n - (1 << bits) if n >> bits - 1 else n


def truncated(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def compare(i, a, b, bits):
    x, y = (a, b) if i in (0, 1, 3, 5, 7, 9) else (signed(a, bits), signed(b, bits))
    return int([x == y, x != y, x < y, x < y, x > y, x > y, x <= y, x <= y, x >= y, x >= y][i])


def binary(i, a, b, bits):
    """Operators in the order of their opcodes, from add on."""
    x, y, n = signed(a, bits), signed(b, bits), b % bits
    ways = [
        lambda: a + b, lambda: a - b, lambda: a * b, lambda: truncated(x, y), lambda: a // b, lambda: x - truncated(x, y) * y, lambda: a % b,
        lambda: a & b, lambda: a | b, lambda: a ^ b, lambda: a << n, lambda: x >> n, lambda: a >> n,
        lambda: a << n | a >> bits - n, lambda: a >> n | a << bits - n,
    ]  # fmt: skip
    return ways[i]() & (1 << bits) - 1


def unary(i, a, bits):
    return [bits - a.bit_length(), (a & -a).bit_length() - 1 if a else bits, bin(a).count("1")][i]


LOADS = {0x28: (4, 0, 32), 0x29: (8, 0, 64), 0x2C: (1, 1, 32), 0x2D: (1, 0, 32), 0x2E: (2, 1, 32), 0x2F: (2, 0, 32), 0x30: (1, 1, 64), 0x31: (1, 0, 64), 0x34: (4, 1, 64), 0x35: (4, 0, 64)}  # fmt: skip
STORES = {0x36: 4, 0x37: 8, 0x3A: 1, 0x3B: 2, 0x3C: 1, 0x3D: 2, 0x3E: 4}


class Run:
    def __init__(self, module):
        self.m, self.gas = module, 0
        pages, most = module.memory or (0, 0)
        self.memory, self.most = bytearray(pages << 16), most
        self.globals = list(module.globals)
        for at, data in module.data:
            self.memory[at : at + len(data)] = data
        self.prices = prices(most, len(module.codes), sum(code.size for code in module.codes))

    def call(self, index, args):
        code, (params, results) = self.m.codes[index], self.m.types[self.m.functions[index]]
        self.gas += code.locals // 4 * self.prices["base"]
        local, stack, labels, at = [*args, *[0] * code.locals], [], [], 0
        while at < len(code.code):
            op, args = code.code[at]
            self.gas += self.prices[CLASS[op]]
            at = self.step(op, args, at, code, local, stack, labels)
        return stack[len(stack) - len(results) :]

    def branch(self, depth, code, stack, labels):
        """Where a branch goes on; what the label takes stays, what lies under it goes."""
        if depth >= len(labels):
            return len(code.code)
        start, height = labels[len(labels) - 1 - depth]
        op, (kind,) = code.code[start]
        keep = 0 if op == 0x03 or kind == -64 else 1
        kept = stack[len(stack) - keep :]
        del stack[height:], labels[len(labels) - depth - (0 if op == 0x03 else 1) :]
        stack += kept
        return start + 1 if op == 0x03 else code.end[start] + 1

    def step(self, op, args, at, code, local, stack, labels):
        pop = stack.pop
        if op in (0x02, 0x03):
            labels.append((at, len(stack)))
        elif op == 0x04:
            yes = pop()
            labels.append((at, len(stack)))
            if not yes:
                if at in code.other:
                    return code.other[at] + 1
                labels.pop()
                return code.end[at] + 1
        elif op == 0x05:
            start, _ = labels.pop()
            return code.end[start] + 1
        elif op == 0x0B:
            if labels:
                labels.pop()
        elif op in (0x0C, 0x0D):
            if op == 0x0C or pop():
                return self.branch(args[0], code, stack, labels)
        elif op == 0x0E:
            i = pop()
            return self.branch(args[0][i] if i < len(args[0]) else args[1], code, stack, labels)
        elif op == 0x0F:
            return len(code.code)
        elif op == 0x10:
            n = len(self.m.types[self.m.functions[args[0]]][0])
            given = stack[len(stack) - n :]
            del stack[len(stack) - n :]
            stack += self.call(args[0], given)
        elif op == 0x1A:
            pop()
        elif op == 0x1B:
            yes, b, a = pop(), pop(), pop()
            stack.append(a if yes else b)
        elif op == 0x20:
            stack.append(local[args[0]])
        elif op in (0x21, 0x22):
            local[args[0]] = stack[-1] if op == 0x22 else pop()
        elif op == 0x23:
            stack.append(self.globals[args[0]])
        elif op == 0x24:
            self.globals[args[0]] = pop()
        elif op in LOADS:
            size, is_signed, bits = LOADS[op]
            from_ = pop() + args[1]
            stack.append(int.from_bytes(self.memory[from_ : from_ + size], "little", signed=bool(is_signed)) & (1 << bits) - 1)
        elif op in STORES:
            value, to = pop(), pop() + args[1]
            self.memory[to : to + STORES[op]] = (value & (1 << 8 * STORES[op]) - 1).to_bytes(STORES[op], "little")
        elif op == 0x3F:
            stack.append(len(self.memory) >> 16)
        elif op == 0x40:
            more, old = pop(), len(self.memory) >> 16
            self.gas += more * self.prices["growPage"]
            if old + more > self.most:
                old = 0xFFFFFFFF
            else:
                self.memory.extend(bytes(more << 16))
            stack.append(old)
        elif op in (0xFC0A, 0xFC0B):
            n, b, to = pop(), pop(), pop()
            self.gas += (n + 63) // 64 * self.prices["bulk64"]
            self.memory[to : to + n] = self.memory[b : b + n] if op == 0xFC0A else bytes([b & 255]) * n
        elif op in (0x41, 0x42):
            stack.append(args[0] & (1 << (32 if op == 0x41 else 64)) - 1)
        elif op in (0x45, 0x50):
            stack.append(int(pop() == 0))
        elif 0x46 <= op <= 0x4F or 0x51 <= op <= 0x5A:
            b, a = pop(), pop()
            stack.append(compare(op - (0x46 if op < 0x50 else 0x51), a, b, 32 if op < 0x50 else 64))
        elif 0x67 <= op <= 0x69 or 0x79 <= op <= 0x7B:
            stack.append(unary(op - (0x67 if op < 0x70 else 0x79), pop(), 32 if op < 0x70 else 64))
        elif 0x6A <= op <= 0x78 or 0x7C <= op <= 0x8A:
            b, a = pop(), pop()
            stack.append(binary(op - (0x6A if op < 0x79 else 0x7C), a, b, 32 if op < 0x79 else 64))
        elif op in (0xA7, 0xAC, 0xAD):
            a = pop()
            stack.append(a & 0xFFFFFFFF if op == 0xA7 else signed(a, 32) & (1 << 64) - 1 if op == 0xAC else a)
        elif op != 0x01:
            raise ValueError(f"opcode {op:x} is not known here")
        return at + 1


def main(path, export, *args):
    module = Module(Path(path).read_bytes())
    run = Run(module)
    result = run.call(module.exports[export], [int(arg) for arg in args])
    print(json.dumps({"result": str(result[0]) if result else None, "gas": run.gas}))


if __name__ == "__main__":
    main(*sys.argv[1:])
