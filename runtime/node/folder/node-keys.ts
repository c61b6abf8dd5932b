/** The node's keys: an ed25519 identity and a BLS vote key, made at the first start. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { abytes, digest, fromHex, toHex, UtnetError } from '../../core/index.ts'
import { writeDurably } from '../../kv/files/index.ts'

export interface NodeKeys {
  /** Secret of the identity key, 32 bytes. */
  readonly identity: Uint8Array
  /** Seed of the vote key, 32 bytes. */
  readonly vote: Uint8Array
  /** Secret of the dev account that publishes and calls for clients without a key; only dev chains know it. */
  readonly dev: Uint8Array
  /** Seed of the chip key, 32 bytes: in software it hangs on the identity, as it would be made beside it in a security engine. */
  readonly chip: Uint8Array
  /** Secret of the vendor that certifies chips on this node's development chain, 32 bytes. */
  readonly vendor: Uint8Array
}

const PARTS = ['identity', 'vote', 'dev'] as const

/** Loads the keys of a folder, or makes them. */
export function nodeKeys(folder: string): NodeKeys {
  const path = join(folder, 'node.json')
  if (!existsSync(path)) {
    writeDurably(path, `${JSON.stringify(Object.fromEntries(PARTS.map((part) => [part, toHex(randomBytes(32))])))}\n`)
  }
  try {
    const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>
    const [identity, vote, dev] = PARTS.map((part) => abytes(fromHex(json[part] as string, part), 32, part)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    return { identity, vote, dev, chip: digest('chip-seed', identity), vendor: digest('dev-vendor-seed', identity) }
  } catch (cause) {
    throw new UtnetError('data_corrupt', `the key file ${path} cannot be read`, {
      hint: 'restore it from a copy, or choose another folder: --data DIR',
      cause,
    })
  }
}
