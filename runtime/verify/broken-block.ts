/** Names the part of a bundle that a spoilt block belongs to: hashes say that something is wrong, this says what. */
import { DAG_PB, decode, matchesCid, readBundle, readVarint, CID, type BundleRoot } from '../core/index.ts'

interface Section {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** The blocks of a CAR file as they stand, hashes not looked at. */
function sections(car: Uint8Array): Section[] {
  const out: Section[] = []
  const head = readVarint(car, 0)
  for (let at = head === undefined ? car.length : head.next + head.value; at < car.length;) {
    const length = readVarint(car, at)
    if (length === undefined || length.value === 0) break
    const end = length.next + length.value
    const [cid, bytes] = CID.decodeFirst(car.subarray(length.next, end))
    out.push({ cid, bytes })
    at = end
  }
  return out
}

function parts(root: BundleRoot): readonly (readonly [string, CID])[] {
  const opened = (['input', 'output', 'log'] as const).flatMap((name) => {
    const part = root[name]
    return part === null
      ? []
      : [[`${name} opening`, part.opening] as const, ...part.files.map((file) => [`file of the ${name}`, file] as const)]
  })
  return [
    ['receipt', root.receipt],
    ['header of the anchor block', root.anchorBlock.header],
    ['certificate of the anchor block', root.anchorBlock.certificate],
    ['header of the context block', root.contextBlock.header],
    ['certificate of the context block', root.contextBlock.certificate],
    ...(root.rollup === null
      ? []
      : [
          ['header of the block of the rollup', root.rollup.block.header] as const,
          ['certificate of the block of the rollup', root.rollup.block.certificate] as const,
        ]),
    ...root.epochs.flatMap((epoch) => [
      ['header of an epoch', epoch.header] as const,
      ['certificate of an epoch', epoch.certificate] as const,
      ['power delta of an epoch', epoch.delta] as const,
    ]),
    ['module', root.module],
    ...root.callees.map((cid) => ['module of a called contract', cid] as const),
    ...opened,
    ...(root.witness === null ? [] : [['witness', root.witness] as const]),
    ...(root.withModels ? root.models.map((cid) => ['model', cid] as const) : []),
  ]
}

/** The part that the first block which is not what its name says belongs to; undefined when it cannot be told. */
export function brokenPart(car: Uint8Array): string | undefined {
  try {
    const [top, ...rest] = sections(car)
    if (top === undefined) return undefined
    if (!matchesCid(top.cid, top.bytes)) return 'bundle root'
    // a block that is several parts goes by the name of the first
    const names = new Map(
      parts(readBundle(decode(top.bytes)))
        .map(([name, cid]) => [cid.toString(), name] as const)
        .reverse(),
    )
    let name = 'bundle root'
    let tree = false
    for (const { cid, bytes } of rest) {
      const named = names.get(cid.toString())
      // Blocks below the root of a file of several blocks follow it; anywhere else an unknown name is itself what was spoilt.
      if (named === undefined && !tree) return `block behind the ${name}`
      if (named !== undefined) {
        name = named
        tree = cid.code === DAG_PB
      }
      if (!matchesCid(cid, bytes)) return name
    }
  } catch {
    // A file broken beyond that has no part to name.
  }
  return undefined
}
