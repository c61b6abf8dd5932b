#!/bin/sh
# Models again on 64-bit Arm, from what `node test/onnx/engines/main.ts DIR` left: every checkpoint and output must have the same bits.
set -eu
dir=$(realpath "$1")
. "$(dirname "$0")/../../arm64-node.sh"
arm test/onnx/engines/main.ts "$dir" --against
