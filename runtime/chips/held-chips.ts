/** The chips of a node at work: they answer for it, one by one with their identity keys and together with their BLS keys. */
import { asUtnetError, toHex, type UtnetError } from '../core/index.ts'
import { sumOfHandles } from './bls-handle.ts'
import type { ChipFile } from './chip-file.ts'
import type { BlsHandle, ChipMaker, SecurityEngine } from './port.ts'

export interface HeldChips {
  /** Serials (16 bytes) of the chips that are open. */
  readonly serials: readonly Uint8Array[]
  /** Chips that could not be opened, and why. */
  readonly missing: readonly { readonly serial: Uint8Array; readonly error: UtnetError }[]
  /** Signature (64 bytes) of a digest by the identity key of a chip; undefined where the chip is not here or does not answer. */
  answer(serial: Uint8Array, message: Uint8Array): Promise<Uint8Array | undefined>
  /** BLS signatures of the named chips added up (96 bytes); undefined where there is none, or one of them is not here. */
  aggregate(serials: Iterable<Uint8Array>, message: Uint8Array): Uint8Array | undefined
  close(): Promise<void>
}

interface Open {
  readonly engine: SecurityEngine
  readonly bls: BlsHandle
}

async function open(maker: ChipMaker, { held, wrapped }: ChipFile): Promise<Open> {
  const engine = await maker.open(held)
  try {
    return { engine, bls: await engine.unwrapToHandle(wrapped) }
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** Opens the chips of files, each by the maker of its kind, one after the other. A chip that does not open is missing, and stops nothing. */
export async function openHeldChips(files: readonly ChipFile[], makerOf: (file: ChipFile) => Promise<ChipMaker>): Promise<HeldChips> {
  const chips = new Map<string, Open>()
  const serials: Uint8Array[] = []
  const missing: { serial: Uint8Array; error: UtnetError }[] = []
  for (const file of files) {
    const { serial } = file.held
    try {
      chips.set(toHex(serial), await open(await makerOf(file), file))
      serials.push(serial)
    } catch (thrown) {
      missing.push({ serial, error: asUtnetError(thrown) })
    }
  }
  /** The last answer of each: a draw may name a chip more than once, and a TPM takes its time. */
  const answers = new Map<string, { readonly about: string; readonly sig: Promise<Uint8Array | undefined> }>()
  /** The sum of the chips that were named last: they change with the epochs. */
  let last: { readonly of: string; readonly sum: BlsHandle } | undefined
  return {
    serials,
    missing,
    answer(serial, message) {
      const name = toHex(serial)
      const about = toHex(message)
      const before = answers.get(name)
      if (before?.about === about) return before.sig
      const sig = (async () => chips.get(name)?.engine.sign(message))().catch(() => undefined)
      answers.set(name, { about, sig })
      return sig
    },
    aggregate(named, message) {
      const names = [...named].map(toHex)
      const of = names.join()
      if (last?.of !== of) {
        const handles = names.map((name) => chips.get(name)?.bls)
        if (handles.length === 0 || !handles.every((handle) => handle !== undefined)) return undefined
        last?.sum.close()
        last = { of, sum: sumOfHandles(handles) }
      }
      return last.sum.sign(message)
    },
    async close() {
      last?.sum.close()
      last = undefined
      for (const { engine, bls } of chips.values()) {
        bls.close()
        await engine.close()
      }
      chips.clear()
      answers.clear()
    },
  }
}
