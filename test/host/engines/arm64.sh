#!/bin/sh
# Our guests again on 64-bit Arm, from what `node test/host/guests/main.ts DIR` left: answers, gas and receipts must be the same.
set -eu
dir=$(realpath "$1")
. "$(dirname "$0")/../../arm64-node.sh"
arm test/host/guests/main.ts "$dir" --against
if [ -f "$dir/transcripts.json" ]; then arm test/host/prove/against.ts "$dir"; fi
