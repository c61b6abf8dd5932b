/**
 * A validator on a real store, to be killed: `node killed-child.ts FOLDER LIFE`. It tells what it signs before it does, and each block that is final, one line each. Every
 * life gives its blocks other times, so that a block that is made again is another one.
 */
import { writeSync } from 'node:fs'
import { isUtnetError, sha256, toHex, utf8, type TxPayload } from '../../runtime/core/index.ts'
import { openChain } from '../../runtime/consensus/index.ts'
import { assignOf, chipOf, claimOf } from '../../runtime/consensus/power/testing/chips.ts'
import { crypto, signBatch, signTx, simulatedExecutor, userOf, VALIDATOR, type TestUser } from '../../runtime/consensus/testing/test-kit.ts'
import { openLmdb, seededRandom } from '../../runtime/kv/index.ts'
import { GENESIS, MODULE } from './killed-genesis.ts'

crypto.useNativeHashes()

const [folder = '', life = '0'] = process.argv.slice(2)
const tell = (line: string): void => void writeSync(1, `${line}\n`)

const chain = await openChain({ genesis: GENESIS, kv: await openLmdb(folder), executor: simulatedExecutor, crypto })
const random = seededRandom(Number(life) + 1)
const users = [2, 3, 4].map(userOf) as [TestUser, TestUser, TestUser]

function send(user: TestUser, payload: TxPayload): void {
  const height = chain.head().header.height
  try {
    chain.submit(
      signTx(user, {
        chainId: chain.chainId,
        nonce: chain.nextNonce(user.address),
        expiry: height + 100,
        gasLimit: 30_000_000n,
        maxFeePerGas: 4n * chain.baseFee(),
        payload,
      }),
    )
  } catch (error) {
    // what a life before did needs no doing again
    if (!isUtnetError(error)) throw error
  }
}

/** Something of every kind that leaves rows: accounts, contracts, chips, bonds, anchors and what ends by itself, sets of epochs. */
function act(height: number): void {
  const user = users[Math.floor(random() * 3)] as TestUser
  send(user, { kind: 'transfer', to: VALIDATOR.address, value: BigInt(height) })
  send(user, { kind: 'custom', data: new Uint8Array(Math.floor(random() * 3_000)).fill(height) })
  if (height <= 2) send(users[0], { kind: 'publish', name: 'shop', module: MODULE, world: 'contract', size: 10 })
  const address = chain.guests()[0]?.address ?? null
  if (address !== null)
    send(user, {
      kind: 'call',
      to: address,
      export: 'put',
      args: [`k${Math.floor(random() * 40)}`, `v${height} ${'x'.repeat(Math.floor(random() * 900))}`],
    })
  const { next, root } = chain.batchHead(VALIDATOR.key, height % 2)
  const batch = signBatch(VALIDATOR, chain.chainId, {
    thread: height % 2,
    first: next,
    size: 2,
    prev: root,
    root: sha256(utf8(`${life}/${height}`)),
  })
  send(VALIDATOR, { kind: 'anchor', batches: [batch], data: null })
  send(VALIDATOR, { kind: 'node', action: random() < 0.5 ? { op: 'bond', amount: 10n ** 21n } : { op: 'unbond', amount: 10n ** 20n } })
  const chip = chipOf(`chip ${Math.floor(random() * 30)}`)
  if (random() < 0.5) send(user, { kind: 'chip', action: claimOf(chip, chain.chainId, user.address) })
  else send(user, { kind: 'chip', action: assignOf(chip, chain.chainId, 0, VALIDATOR, user.address) })
}

let signing = 0
const voter = {
  ...VALIDATOR.voter,
  remembers: true,
  sign: (message: Uint8Array) => {
    tell(`signed ${signing} ${toHex(message)}`)
    return VALIDATOR.voter.sign(message)
  },
}
tell(`opened ${chain.head().header.height}`)
for (;;) {
  signing = chain.head().header.height + 1
  if (chain.pendingBlock() === undefined) act(signing)
  await chain.produce({ timeMs: GENESIS.time + signing * 1_000 + Number(life), proposer: VALIDATOR.proposer, voters: [voter] })
  tell(`final ${signing} ${toHex(chain.head().hash)}`)
}
