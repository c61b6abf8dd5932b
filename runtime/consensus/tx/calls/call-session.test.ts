import { expect, test } from 'vitest'
import fc from 'fast-check'
import { cidOf, fromHex, RAW, toHex, utf8, type ContractEnv } from '../../../core/index.ts'
import { CallSession, type ContractSeat, type SessionState } from './call-session.ts'

const address = (n: number): Uint8Array => new Uint8Array(20).fill(n)
const seats: readonly ContractSeat[] = [1, 2, 3].map((n) => ({
  address: address(n),
  module: cidOf(RAW, utf8(`module ${n}`)),
  owner: address(9),
  version: n,
}))
const KEYS = ['', 'a', 'b', 'ab']

type Step =
  | { readonly do: 'get'; readonly contract: number; readonly key: number }
  | { readonly do: 'set'; readonly contract: number; readonly key: number; readonly value: string | undefined }
  | { readonly do: 'emit'; readonly contract: number }
  | { readonly do: 'mark' | 'revert' | 'close' }

const contract = fc.nat(2)
const key = fc.nat(KEYS.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('get' as const), contract, key }),
  fc.record({ do: fc.constant('set' as const), contract, key, value: fc.constantFrom(undefined, '', 'x', 'y') }),
  fc.record({ do: fc.constant('emit' as const), contract }),
  fc.record({ do: fc.constantFrom('mark' as const, 'revert' as const, 'close' as const) }),
)
/** What the state has to begin with: by contract and key. */
const begun = fc.dictionary(fc.constantFrom(...[0, 1, 2].flatMap((c) => KEYS.map((k) => `${c}/${k}`))), fc.constantFrom('', 'p', 'q'))

/** Changes and events as a stack of whole copies. */
interface Copy {
  readonly changes: ReadonlyMap<string, string | undefined>
  readonly events: readonly string[]
}

test('what contracts of one call change, see and emit is as if each mark kept a copy of all; the state is read once of each key, and noted', () => {
  fc.assert(
    fc.property(begun, fc.array(step, { maxLength: 60, size: 'max' }), (state, steps) => {
      const asked: string[] = []
      const port: SessionState = {
        get: ({ contract: at, key: bytes }) => {
          const name = `${(at[0] as number) - 1}/${new TextDecoder().decode(bytes)}`
          asked.push(name)
          return state[name] === undefined ? undefined : utf8(state[name])
        },
        find: (name) => seats[Number(name)],
        ready: () => 0n,
        enter: () => undefined,
      }
      const session = new CallSession(port, { signer: address(8), height: 5, time: 1_000, chainId: 'chain' }, seats[0] as ContractSeat)
      const others = [1, 2].map((n) => session.env.callee(String(n))?.env as ContractEnv)
      const env = (n: number): ContractEnv => (n === 0 ? session.env : (others[n - 1] as ContractEnv))
      let now: Copy = { changes: new Map(), events: [] }
      const marks: { readonly at: number; readonly copy: Copy }[] = []
      const seen = new Set<string>()
      for (const s of steps) {
        if (s.do === 'get') {
          const name = `${s.contract}/${KEYS[s.key]}`
          if (!now.changes.has(name)) seen.add(name)
          const value = now.changes.has(name) ? now.changes.get(name) : state[name]
          expect(env(s.contract).get(utf8(KEYS[s.key] as string))).toEqual(value === undefined ? undefined : utf8(value))
        } else if (s.do === 'set') {
          env(s.contract).set(utf8(KEYS[s.key] as string), s.value === undefined ? undefined : utf8(s.value))
          now = { ...now, changes: new Map([...now.changes, [`${s.contract}/${KEYS[s.key]}`, s.value]]) }
        } else if (s.do === 'emit') {
          const name = `event ${now.events.length}`
          env(s.contract).emit(name, Uint8Array.of(s.contract))
          now = { ...now, events: [...now.events, `${s.contract} ${name}`] }
        } else if (s.do === 'mark') marks.push({ at: session.env.checkpoint(), copy: now })
        else {
          const mark = marks.pop()
          if (s.do === 'close' || mark === undefined) continue
          session.env.revert(mark.at)
          now = mark.copy
        }
      }
      const changes = session
        .changes()
        .map((v) => [`${(v.contract[0] as number) - 1}/${new TextDecoder().decode(v.key)}`, v.value && toHex(v.value)])
      expect(new Map(changes as [string, string | undefined][])).toEqual(
        new Map([...now.changes].map(([name, value]) => [name, value === undefined ? undefined : toHex(utf8(value))])),
      )
      expect(changes).toHaveLength(now.changes.size)
      expect(session.events.map(({ contract: at, name }) => `${(at[0] as number) - 1} ${name}`)).toEqual(now.events)
      // each once, whatever was taken back since
      expect(asked.toSorted()).toEqual([...seen].toSorted())
      const { reads, callees } = session.witness(1n, fromHex('00'), false)
      const noted = [reads, ...callees.map((callee) => callee.reads)].flatMap((list, n) =>
        list.map(([k, v]) => [`${n}/${new TextDecoder().decode(k)}`, v === null ? undefined : new TextDecoder().decode(v)] as const),
      )
      expect(noted.map(([name]) => name).toSorted()).toEqual([...seen].toSorted())
      for (const [name, value] of noted) expect(value).toBe(state[name])
    }),
  )
})

test('the contract that is called first has its reads noted once, though another calls it back', () => {
  const port: SessionState = { get: () => utf8('v'), find: (name) => seats[Number(name)], ready: () => 7n, enter: () => undefined }
  const session = new CallSession(port, { signer: address(8), height: 5, time: 1_000, chainId: 'chain' }, seats[0] as ContractSeat)
  const back = session.env.callee('1')?.env.callee('0')?.env
  back?.get(utf8('a'))
  back?.set(utf8('b'), utf8('w'))
  expect(session.env.get(utf8('b'))).toEqual(utf8('w'))
  const { reads, callees } = session.witness(1n, fromHex('00'), false)
  expect(reads).toEqual([[utf8('a'), utf8('v')]])
  expect(callees.map(({ asked, reads: of, ready }) => [asked, of.length, ready])).toEqual([
    [['1'], 0, 7n],
    [['0'], 0, 7n],
  ])
  session.revert()
  expect(session.changes()).toEqual([])
})
