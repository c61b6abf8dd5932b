/** The genesis of a development chain: this node as its one validator, and a rich dev account. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGenesis } from '../consensus/index.ts'
import {
  decodeGenesis,
  encodeGenesis,
  equalBytes,
  fromBase64,
  keyAddress,
  toBase64,
  UtnetError,
  type Clock,
  type Genesis,
} from '../core/index.ts'
import { blsProvePossession, blsPublicKey } from '../crypto/native.ts'
import { writeDurably } from '../kv/files/index.ts'
import type { HeldAccount } from './parts.ts'

const UNC = 10n ** 18n
const DEV_BALANCE = 1_000_000_000n * UNC
/** So much that no bond of the development accounts comes near a third: who runs the chain goes on running it. */
const FOUNDING_POWER = 1_000_000_000
const NODE_BALANCE = 1_000_000n * UNC

/** Who is on a development chain, and what it is told. */
export interface DevGenesisOptions {
  readonly clock: Clock
  readonly node: HeldAccount
  readonly voteSecret: Uint8Array
  readonly dev: HeldAccount
  /** The root key that certifies chips on it. */
  readonly vendor: Uint8Array
  readonly epochBlocks?: number | undefined
}

function readGenesis(path: string): Genesis {
  try {
    return decodeGenesis(fromBase64((JSON.parse(readFileSync(path, 'utf8')) as { genesis: string }).genesis, 'genesis'))
  } catch (cause) {
    throw new UtnetError('data_corrupt', `the genesis file ${path} cannot be read`, {
      hint: 'restore it from a copy, or choose another folder: --data DIR',
      cause,
    })
  }
}

/** The genesis of the folder, made at the first start; throws `data_corrupt` where it is not this node's. `made` is true when this run made it. */
export function devGenesis(
  folder: string,
  { clock, node, voteSecret, dev, vendor, epochBlocks }: DevGenesisOptions,
): { readonly genesis: Genesis; readonly made: boolean } {
  const path = join(folder, 'genesis.json')
  if (existsSync(path)) {
    const genesis = readGenesis(path)
    // Under other keys no block would ever come, and the node would end some seconds after it said that it is ready.
    if (!genesis.validators.some(({ key, bls }) => equalBytes(key, node.key) && equalBytes(bls, blsPublicKey(voteSecret))))
      throw new UtnetError('data_corrupt', `the keys of the folder are not those of the chain in it, whose genesis is ${path}`, {
        hint: 'restore keys/node.json from a copy, or choose another folder: --data DIR',
      })
    return { genesis, made: false }
  }
  const genesis = createGenesis({
    name: 'dev',
    time: clock.nowMs(),
    dev: true,
    validators: [{ key: node.key, bls: blsPublicKey(voteSecret), pop: blsProvePossession(voteSecret), power: FOUNDING_POWER }],
    accounts: [
      { address: keyAddress(dev.key), balance: DEV_BALANCE },
      { address: keyAddress(node.key), balance: NODE_BALANCE },
    ],
    vendors: [{ name: 'dev', key: vendor }],
    salt: randomBytes(16),
    ...(epochBlocks === undefined ? {} : { epochBlocks }),
  })
  writeDurably(path, `${JSON.stringify({ genesis: toBase64(encodeGenesis(genesis)) })}\n`)
  return { genesis, made: true }
}
