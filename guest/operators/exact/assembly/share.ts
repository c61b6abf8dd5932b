/** First item of a share of `n` items that are dealt out in blocks of `block`. */
export function shareFrom(n: u32, block: u32, part: u32, parts: u32): u32 {
  const blocks = (n + block - 1) / block
  const from = <u32>((<u64>blocks * part) / parts) * block
  return from < n ? from : n
}

/** The item behind the last one of a share. */
export function shareTo(n: u32, block: u32, part: u32, parts: u32): u32 {
  return shareFrom(n, block, part + 1, parts)
}
