/** The node's chips at work: they answer for its blocks (CAT), and the node judges what stands in blocks (docs/spec/cat.md). */
import { openHeldChips, type HeldChips } from '../../chips/index.ts'
import { RoundWork, type CatEnvironment, type CatSigner, type Chain, type Voter } from '../../consensus/index.ts'
import { toHex, UtnetError } from '../../core/index.ts'
import type * as crypto from '../../crypto/native.ts'
import type { ChipFolder } from './folder.ts'
import { machineMakers } from './makers.ts'

export interface ChipWorkOptions {
  readonly chain: Chain
  /** The own node key. */
  readonly node: Uint8Array
  readonly folder: ChipFolder
  /** Runs the operators that rounds sample; undefined where this package has none. */
  readonly environment: CatEnvironment | undefined
  readonly voter: Pick<Voter, 'sign'>
  readonly crypto: Pick<typeof crypto, 'blsVerifyAll' | 'blsAggregate'>
  /** Told of a chip that sits at the node and does not open. */
  readonly onMissing: (serial: Uint8Array, error: UtnetError) => void
}

export interface ChipWork {
  /** What the next own block carries. */
  propose(): Promise<{ readonly cat: Uint8Array; readonly verdicts: readonly Uint8Array[] } | undefined>
  /** Judges what the blocks up to the head wait to have judged. */
  judge(): Promise<void>
  close(): Promise<void>
}

const NO_ENVIRONMENT: CatEnvironment = {
  run: ({ operator }) =>
    Promise.reject(new UtnetError('operator_unsupported', `operator ${operator} does not run here: the package lacks its kernels`)),
}

/** Chips are opened when they have a seat that counts; what was enrolled since then is opened with the seats that it gets. */
export function chipWork(options: ChipWorkOptions): ChipWork {
  const { chain, node, folder, onMissing } = options
  const makers = machineMakers(folder.fuses)
  let chips: HeldChips | undefined
  /** Seats that the chips were opened for. */
  let openedFor = ''

  const seated = (): Uint8Array[] => {
    const seats = chain.catSeats(node, chain.head().header.height + 1)
    return Array.from({ length: seats.count }, (_, i) => seats.seat(i).serial)
  }
  const opened = async (serials: readonly Uint8Array[]): Promise<HeldChips> => {
    const names = serials.map(toHex)
    if (chips !== undefined && openedFor === names.join()) return chips
    await chips?.close()
    const here = new Set(names)
    chips = await openHeldChips(
      folder.all().filter(({ held }) => here.has(toHex(held.serial))),
      ({ held }) => makers.of(held.backend),
    )
    openedFor = names.join()
    for (const { serial, error } of chips.missing) onMissing(serial, error)
    const found = new Set([...chips.serials, ...chips.missing.map(({ serial }) => serial)].map(toHex))
    for (const serial of serials)
      if (!found.has(toHex(serial))) onMissing(serial, new UtnetError('chip_key', `this node has no file of chip ${toHex(serial)}`))
    return chips
  }
  const signer: CatSigner = {
    answer: (serial, message) => chips?.answer(serial, message),
    async aggregate(challenge) {
      const serials = seated()
      return (await opened(serials)).aggregate(serials, challenge)
    },
  }
  const { environment = NO_ENVIRONMENT, voter } = options
  const work = new RoundWork(chain, node, { environment, chips: signer, voter, crypto: options.crypto })
  return {
    propose: () => work.propose(),
    async judge() {
      for (const height of work.open()) await work.judge(height)
    },
    async close() {
      await chips?.close()
      await makers.close()
    },
  }
}
