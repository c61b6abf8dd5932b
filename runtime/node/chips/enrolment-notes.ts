/**
 * An enrolment that is not done: what was asked for, the chips that were made for it, and the wire bytes of what the chain was told. It lies in `keys/chips/enrolment`
 * from before the first chip is made until the chain has taken all, so that one that was cut off, wherever that was, goes on where it stopped. One at a time:
 * `keys/chips/lock` is held meanwhile. docs/spec/chips.md
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ChipBackend } from '../../chips/index.ts'
import {
  asArray,
  asBytes,
  asCid,
  asText,
  asUint,
  decode,
  encode,
  equalBytes,
  formatAddress,
  LIMITS,
  toHex,
  UtnetError,
  type CID,
} from '../../core/index.ts'
import { writeDurably } from '../../kv/files/index.ts'
import { holdLock } from '../folder/index.ts'

export interface EnrolmentAsked {
  readonly chainId: CID
  /** Address of who is to own the chips, 20 bytes. */
  readonly owner: Uint8Array
  readonly backend: ChipBackend
  readonly count: number
}

/** The open notes of one enrolment; they are held by one process at a time. */
export interface EnrolmentNotes {
  /** Serials of the chips that were made for it; of the last one the file may be missing. */
  serials(): readonly Uint8Array[]
  /** Before the file of a chip is written. Durable, as all that follows. */
  made(serial: Uint8Array): void
  /** The chip is none of this enrolment: its file was never written, or the chain has it from elsewhere. */
  drop(serial: Uint8Array): void
  /** Wire bytes of the transaction that a step was told by last. */
  told(step: string): Uint8Array | undefined
  /** Before a transaction is sent. */
  tell(step: string, wire: Uint8Array): void
  /** The chain has taken all. */
  finish(): void
  /** Lets others enrol; what is not done stays. */
  release(): void
}

interface Notes {
  readonly asked: EnrolmentAsked
  readonly serials: readonly Uint8Array[]
  readonly told: ReadonlyMap<string, Uint8Array>
}

const BACKENDS: readonly string[] = ['software', 'pkcs11', 'tpm2'] satisfies readonly ChipBackend[]
/** Chips with two transactions each, and a bond. */
const BYTES = (1 + 2 * LIMITS.chipsPerEnrolment) * 4_096
/** What a write that was cut off leaves of a chip's file, or of the notes. */
const LEFT_OVER = /^([0-9a-f]{32}\.chip|enrolment)\.[0-9a-f]{12}$/

function encodeNotes({ asked: { chainId, owner, backend, count }, serials, told }: Notes): Uint8Array {
  return encode([1, chainId, owner, backend, count, serials, [...told].map(([step, wire]) => [step, wire])])
}

function decodeNotes(bytes: Uint8Array, path: string): Notes {
  try {
    const list = asArray(decode(bytes, 'enrolment', BYTES), 'enrolment', 7)
    const backend = asText(list[3], 'back-end')
    if (list[0] !== 1 || !BACKENDS.includes(backend)) throw new UtnetError('core_not_canonical', 'enrolment of an unknown version')
    return {
      asked: {
        chainId: asCid(list[1], 'chain id'),
        owner: asBytes(list[2], 'owner', 20),
        backend: backend as ChipBackend,
        count: asUint(list[4], 'count'),
      },
      serials: asArray(list[5], 'serials').map((serial) => asBytes(serial, 'serial', 16)),
      told: new Map(
        asArray(list[6], 'told').map((item) => {
          const [step, wire] = asArray(item, 'told', 2)
          return [asText(step, 'step'), asBytes(wire, 'transaction')] as const
        }),
      ),
    }
  } catch (cause) {
    throw new UtnetError('data_corrupt', `${path}, an enrolment that was not done, cannot be read`, {
      hint: 'restore it from a copy; without it (delete it) the chips that it made stay as they are',
      cause,
    })
  }
}

const WHAT: Readonly<Record<ChipBackend, (count: number) => string>> = {
  software: (count) => `--chips ${count}`,
  pkcs11: (count) => `--chips ${count} --token LABEL --library FILE`,
  tpm2: () => '--tpm',
}

/** Throws `chip_enrolment` unless what is asked for is what was begun. */
function mustBeTheSame(begun: EnrolmentAsked, asked: EnrolmentAsked, path: string): void {
  const other = (what: string, hint: string): UtnetError =>
    new UtnetError('chip_enrolment', `an enrolment that was begun before is not done: ${what}`, {
      hint: `${hint}; or give it up: delete ${path}`,
    })
  if (!begun.chainId.equals(asked.chainId))
    throw other(`it is of chain ${begun.chainId}`, 'finish it with a node of that chain: --node URL')
  if (!equalBytes(begun.owner, asked.owner))
    throw other(`its chips are of account ${formatAddress(begun.owner)}`, 'finish it with the key of that account: UTNET_HOME')
  if (begun.backend !== asked.backend || begun.count !== asked.count)
    throw other(`it is of ${begun.count} ${begun.backend} chips`, `finish it first: utnet node enroll ${WHAT[begun.backend](begun.count)}`)
}

/**
 * The notes of what is asked for: those of an enrolment that was cut off, or new ones. `folder` is that of the chips. Throws `data_locked` while another enrolment is
 * at work, `chip_enrolment` where another was begun, `data_corrupt`.
 */
export function openEnrolmentNotes(folder: string, asked: EnrolmentAsked): EnrolmentNotes {
  const path = join(folder, 'enrolment')
  const release = holdLock(join(folder, 'lock'), 'another enrolment of this node is at work')
  const serials: Uint8Array[] = []
  const told = new Map<string, Uint8Array>()
  const write = (): void => writeDurably(path, encodeNotes({ asked, serials, told }))
  try {
    for (const name of readdirSync(folder)) if (LEFT_OVER.test(name)) rmSync(join(folder, name))
    const begun = existsSync(path) ? decodeNotes(Uint8Array.from(readFileSync(path)), path) : undefined
    // without a chip nothing was begun
    if (begun !== undefined && begun.serials.length > 0) {
      mustBeTheSame(begun.asked, asked, path)
      serials.push(...begun.serials)
      for (const [step, wire] of begun.told) told.set(step, wire)
    } else write()
  } catch (error) {
    release()
    throw error
  }
  return {
    serials: () => [...serials],
    made(serial) {
      if (serials.some((known) => equalBytes(known, serial))) return
      serials.push(serial)
      write()
    },
    drop(serial) {
      const at = serials.findIndex((known) => equalBytes(known, serial))
      if (at < 0) return
      serials.splice(at, 1)
      for (const step of told.keys()) if (step.endsWith(toHex(serial))) told.delete(step)
      write()
    },
    told: (step) => told.get(step),
    tell(step, wire) {
      told.set(step, wire)
      write()
    },
    finish() {
      rmSync(path)
    },
    release,
  }
}
