import { expect, test } from 'vitest'
import { cidOf, concatBytes, encode, encodeWitness, formatAddress, RAW, sha256, toHex, utf8 } from '../../core/index.ts'
import { testChain, userOf, type TestUser } from '../testing/test-kit.ts'

/** Digest of what a seeded run of 500 transactions leaves. Prices are in none of it: they change with what is measured. */
const LEFT = 'f0decd58e724daaaab3767126859ee0dc5a61f38b2832835c3678a01773e4191'

function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

test('golden: blocks of a seeded run of 500 mixed transactions, their receipts, events, state and witnesses, stay byte by byte what they were', async () => {
  const left: Uint8Array[] = []
  const t = await testChain({
    onCall: ({ entry, args, witness }) => left.push(encode([entry, [...args]]), encodeWitness({ ...witness, gasLimit: 0n })),
  })
  const draw = numbers(2_026)
  const users = [2, 3, 4].map(userOf) as [TestUser, TestUser, TestUser]
  const some = (): TestUser => users[draw(3)] as TestUser
  let done = 0
  const block = async (): Promise<void> => {
    const { header, outcomes, dropped } = await t.produce()
    expect(dropped).toEqual([])
    done += outcomes.length
    left.push(encode([header.txRoot, header.receiptRoot, header.eventRoot, header.bloom, header.state.contracts]))
    for (const { id, status, result, receipt, events } of outcomes)
      left.push(encode([id, status, result, receipt, events.map((e) => [e.contract, e.name, e.data])]))
  }
  for (const name of ['one', 'two'])
    t.send(users[0], { kind: 'publish', name, module: cidOf(RAW, utf8(name)), world: 'contract', size: 100 })
  await block()
  const contracts = ['one', 'two'].map((name) => t.chain.guest(name).address as Uint8Array)
  while (done < 500) {
    for (let i = draw(20); i >= 0; i--) {
      const user = some()
      const call = (entry: string, ...args: string[]): void =>
        void t.send(user, { kind: 'call', to: contracts[draw(2)] as Uint8Array, export: entry, args })
      const key = `k${draw(12)}`
      switch (draw(9)) {
        case 0:
          t.send(user, { kind: 'transfer', to: some().address, value: BigInt(draw(1_000)) })
          break
        case 1:
          t.send(user, { kind: 'custom', data: utf8(key) })
          break
        case 2:
          call('get', key)
          break
        case 3:
          call('remove', key)
          break
        case 4:
          call('emit', `event ${draw(5)} ä`)
          break
        case 5:
          call('whoami')
          break
        case 6:
          call('no such export')
          break
        default:
          call('put', key, `${formatAddress(user.address)}/${'v'.repeat(draw(80))}`)
      }
    }
    await block()
  }
  expect(toHex(sha256(concatBytes(...left)))).toBe(LEFT)
})
