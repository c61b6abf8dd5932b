"""What our validator accepted must be valid to wasmtime too. pip install wasmtime; python3 wasmtime_validate.py DIR"""

import importlib.metadata
import json
import pathlib
import sys

import wasmtime

engine = wasmtime.Engine()
red = []
files = sorted(pathlib.Path(sys.argv[1]).glob("*.wasm"))
for file in files:
    try:
        wasmtime.Module.validate(engine, file.read_bytes())
    except wasmtime.WasmtimeError as error:
        red.append(f"{file.name}: {str(error)[:200]}")
version = importlib.metadata.version("wasmtime")
print(json.dumps({"engine": f"wasmtime {version}", "modules": len(files), "red": len(red)}))
for line in red[:50]:
    print("RED", line)
sys.exit(0 if files and not red else 1)
