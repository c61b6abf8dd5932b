/** What is done with chips: claims, sales, leases, and the nodes that they work for. White paper 2.4, 2.7 (U2.4-POCI-3, U2.4-POCI-6, U2.7-REC-1). */
import {
  chipCertificateMessage,
  chipClaimMessage,
  chipConsentMessage,
  chipPossessionMessage,
  encodePowerRecord,
  epochOf,
  equalBytes,
  keyAddress,
  latestPower,
  ownSerial,
  UtnetError,
  type ChipAction,
  type ChipCertificate,
  type ChipRecord,
  type PowerRecord,
} from '../../../core/index.ts'
import {
  chipBlsKey,
  chipKey,
  forgetLease,
  hasRoom,
  identityKeyKey,
  isVendor,
  leaseAt,
  leaseReaches,
  noteLease,
  readChip,
  readNode,
  seatChip,
  unseatChip,
  withChip,
  writeChip,
  type Moment,
} from '../../power/index.ts'
import { recordKey, type WorkingState } from '../../state/index.ts'
import { type BlockContext, effect, refused, type TxEffect } from '../effect/index.ts'
import type { ChainTx } from '../admission/index.ts'

type Of<Op extends ChipAction['op']> = Extract<ChipAction, { readonly op: Op }>

/** One action of one sender on the state: each method does it or gives the reason why not, and then nothing is changed. */
class ChipDesk {
  readonly #state: WorkingState
  readonly #block: BlockContext
  readonly #tx: ChainTx
  readonly #now: Moment

  constructor(state: WorkingState, block: BlockContext, tx: ChainTx) {
    this.#state = state
    this.#block = block
    this.#tx = tx
    this.#now = { epoch: epochOf(block.height, block.power.epochBlocks), crypto: block.crypto }
  }

  do(action: ChipAction): string | undefined {
    switch (action.op) {
      case 'register':
        return this.#register(action)
      case 'transfer':
        return this.#sell(action.serial, action.to, 0n)
      case 'offer':
        return this.#offer(action)
      case 'buy':
        return this.#buy(action)
      case 'lease':
        return this.#lease(action)
      case 'endLease':
        return this.#endLease(action.serial)
      case 'assign':
        return this.#assign(action)
      case 'retire':
        return this.#retire(action.serial)
    }
  }

  get #sender(): Uint8Array {
    return this.#tx.address
  }

  #record(record: PowerRecord): void {
    this.#state.set('offchain', recordKey(this.#tx.id), encodePowerRecord(record))
  }

  /** Why the certificate is not good; undefined when it is. */
  #certificateFault(c: ChipCertificate): string | undefined {
    const message = chipCertificateMessage(c)
    if (c.vendor === null) {
      if (c.level > 0) return `a chip of level ${c.level} needs the certificate of a vendor`
      if (!equalBytes(c.serial, ownSerial(c.identity))) return 'the serial of a chip without vendor follows from its identity key'
      return this.#block.crypto.verifyIdentity(c.sig, message, c.identity) ? undefined : 'the chip did not sign its certificate'
    }
    if (!isVendor(this.#state, c.vendor)) return 'the certificate is of a vendor that the chain does not know'
    return this.#block.crypto.verifyEd25519(c.sig, message, c.vendor) ? undefined : 'the vendor did not sign the certificate'
  }

  #register({ certificate: c, claim, pop, wrapped }: Of<'register'>): string | undefined {
    const { chainId, crypto } = this.#block
    const taken = (key: Uint8Array): boolean => this.#state.get('offchain', key) !== undefined
    if (taken(chipKey(c.serial))) return 'a chip of this serial was registered before'
    if (taken(identityKeyKey(c.identity))) return 'a chip with this identity key was registered before'
    if (taken(chipBlsKey(c.bls))) return 'a chip with this BLS key was registered before'
    const fault = this.#certificateFault(c)
    if (fault !== undefined) return fault
    if (!crypto.verifyIdentity(claim, chipClaimMessage(chainId, c.serial, c.bls, this.#sender), c.identity))
      return 'the chip did not sign that the sender claims it'
    if (!crypto.blsFastAggregateVerify(pop, chipPossessionMessage(chainId, c.serial, c.bls), [c.bls]))
      return 'the proof of possession of the BLS key is not valid'
    writeChip(this.#state, c.serial, {
      level: c.level,
      vendor: c.vendor,
      identity: c.identity,
      bls: c.bls,
      owner: this.#sender,
      node: null,
      seat: 0,
      lease: null,
      offer: null,
      retired: false,
      since: this.#now.epoch,
      moves: 0,
      wrapped,
    })
    this.#state.set('offchain', identityKeyKey(c.identity), c.serial)
    this.#state.set('offchain', chipBlsKey(c.bls), c.serial)
    this.#record({ kind: 'claim', serial: c.serial, owner: this.#sender, level: c.level })
    return undefined
  }

  #known(serial: Uint8Array): ChipRecord | string {
    const chip = readChip(this.#state, serial)
    if (chip === undefined) return 'no chip of this serial is registered'
    return chip.retired ? 'the chip was retired' : chip
  }

  /** The chip as its owner may dispose of it: not while it is let. */
  #owned(serial: Uint8Array): ChipRecord | string {
    const chip = this.#known(serial)
    if (typeof chip === 'string') return chip
    if (!equalBytes(chip.owner, this.#sender)) return 'the chip has another owner'
    return leaseAt(chip, this.#block.height) === null ? chip : 'the chip is let'
  }

  #free(serial: Uint8Array, chip: ChipRecord): ChipRecord {
    return unseatChip(this.#state, this.#now, serial, chip)
  }

  #give(serial: Uint8Array, chip: ChipRecord, to: Uint8Array, price: bigint): void {
    const free = this.#free(serial, chip)
    writeChip(this.#state, serial, { ...free, owner: to, lease: null, offer: null, moves: free.moves + 1 })
    this.#record({ kind: 'purchase', serial, from: chip.owner, to, price })
  }

  #sell(serial: Uint8Array, to: Uint8Array, price: bigint): string | undefined {
    const chip = this.#owned(serial)
    if (typeof chip === 'string') return chip
    this.#give(serial, chip, to, price)
    return undefined
  }

  #offer({ serial, price, to }: Of<'offer'>): string | undefined {
    const chip = this.#owned(serial)
    if (typeof chip === 'string') return chip
    writeChip(this.#state, serial, { ...chip, offer: price === null ? null : { price, to } })
    return undefined
  }

  #buy({ serial, price }: Of<'buy'>): string | undefined {
    const chip = this.#known(serial)
    if (typeof chip === 'string') return chip
    const { offer } = chip
    if (offer === null || offer.price !== price) return 'the chip is not offered at this price'
    if (offer.to !== null && !equalBytes(offer.to, this.#sender)) return 'the chip is offered to somebody else'
    if (leaseAt(chip, this.#block.height) !== null) return 'the chip is let'
    const buyer = this.#state.account(this.#sender)
    this.#state.setAccount(this.#sender, { ...buyer, balance: buyer.balance - price })
    const seller = this.#state.account(chip.owner)
    this.#state.setAccount(chip.owner, { ...seller, balance: seller.balance + price })
    this.#give(serial, chip, this.#sender, price)
    return undefined
  }

  #lease({ serial, lessee, untilHeight }: Of<'lease'>): string | undefined {
    const chip = this.#owned(serial)
    if (typeof chip === 'string') return chip
    const { height, power } = this.#block
    if (untilHeight <= height) return 'the lease would be over'
    if (!noteLease(this.#state, serial, untilHeight, height, power.epochBlocks)) return 'too many leases end in that epoch'
    const free = this.#free(serial, chip)
    writeChip(this.#state, serial, { ...free, lease: { lessee, untilHeight }, offer: null, moves: free.moves + 1 })
    this.#record({ kind: 'lease', serial, owner: chip.owner, lessee, untilHeight })
    return undefined
  }

  #endLease(serial: Uint8Array): string | undefined {
    const chip = this.#known(serial)
    if (typeof chip === 'string') return chip
    const lease = leaseAt(chip, this.#block.height)
    if (lease === null || !equalBytes(lease.lessee, this.#sender)) return 'the sender has no lease of the chip'
    forgetLease(this.#state, serial, lease.untilHeight, this.#block.power.epochBlocks)
    const free = this.#free(serial, chip)
    writeChip(this.#state, serial, { ...free, lease: null, moves: free.moves + 1 })
    this.#record({ kind: 'return', serial, owner: chip.owner, lessee: lease.lessee })
    return undefined
  }

  #assign({ serial, node, consent }: Of<'assign'>): string | undefined {
    const chip = this.#known(serial)
    if (typeof chip === 'string') return chip
    const { height, power } = this.#block
    const lease = leaseAt(chip, height)
    if (!equalBytes(lease?.lessee ?? chip.owner, this.#sender))
      return lease === null ? 'the chip has another owner' : 'the chip is let to another'
    if (node === null || consent === null) {
      if (chip.node === null) return 'the chip works for no node'
      this.#free(serial, chip)
      return undefined
    }
    if (chip.node !== null && equalBytes(chip.node, node)) return 'the chip works for the node already'
    if (lease !== null && !leaseReaches(lease.untilHeight, height, power.epochBlocks)) return 'the lease ends before the chip would count'
    const fault = this.#nodeFault(node, serial, chip, consent)
    if (fault !== undefined) return fault
    seatChip(this.#state, this.#now, node, serial, this.#free(serial, chip))
    return undefined
  }

  #nodeFault(node: Uint8Array, serial: Uint8Array, chip: ChipRecord, consent: Uint8Array): string | undefined {
    const record = readNode(this.#state, node)
    if (record === undefined) return 'the node is not registered'
    if (record.slashed !== null) return 'the node was punished'
    if (!latestPower(record).active) return 'the node left'
    if (!hasRoom(this.#state, record, withChip(record, chip))) return 'as many nodes have power as may'
    const message = chipConsentMessage(this.#block.chainId, serial, chip.moves, node, this.#sender)
    return this.#block.crypto.verifyEd25519(consent, message, node) ? undefined : 'the node did not consent'
  }

  #retire(serial: Uint8Array): string | undefined {
    const chip = this.#owned(serial)
    if (typeof chip === 'string') return chip
    writeChip(this.#state, serial, { ...this.#free(serial, chip), retired: true, lease: null, offer: null })
    return undefined
  }
}

const serialOf = (action: ChipAction): Uint8Array => (action.op === 'register' ? action.certificate.serial : action.serial)

/** Applies a transaction of kind chip. */
export function applyChip(state: WorkingState, block: BlockContext, tx: ChainTx): TxEffect {
  const { payload } = tx.body
  if (payload.kind !== 'chip') throw new UtnetError('core_bad_argument', 'not of a chip')
  const { action } = payload
  const why = new ChipDesk(state, block, tx).do(action)
  if (why !== undefined) return refused(tx, tx.intrinsicGas, why)
  const node = action.op === 'assign' && action.node !== null ? [['address', keyAddress(action.node)] as const] : []
  return effect(tx, { gas: tx.intrinsicGas, touched: [['record', serialOf(action)], ...node] })
}
