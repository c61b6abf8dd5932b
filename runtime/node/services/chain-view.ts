/** The chain as the views show it. */
import {
  epochOf,
  formatKey,
  headerHash,
  lastHeightOf,
  LIMITS,
  toBase64,
  toHex,
  totalPower,
  type BlockView,
  type Certificate,
  type ChainView,
  type EpochView,
  type Header,
  type PowerView,
} from '../../core/index.ts'
import { encodeSet, encodeStep } from '../../consensus/light/index.ts'
import { lightSource, stepsToEnd } from '../chain/index.ts'
import type { Parts } from '../parts.ts'
import { runGasOf } from './run-gas.ts'

/** Head, pruning, pool. */
export function chain(parts: Parts): ChainView {
  const { header, hash } = parts.chain.head()
  return {
    chainId: parts.chain.chainId.toString(),
    height: header.height,
    hash: toHex(hash),
    time: header.time,
    finalized: header.height,
    prunedBelow: parts.chain.lowestState(),
    validators: parts.chain.setAt(header.height + 1).length,
    mempool: parts.chain.waiting(),
    baseFee: parts.chain.baseFee().toString(),
  }
}

/** The set of an epoch; throws `chain_height`, `chain_pruned`. */
export function power(parts: Parts, asked?: number): PowerView {
  const { chain: of } = parts
  const { epochBlocks } = of.genesis
  const next = of.head().header.height + 1
  const epoch = asked ?? epochOf(next, epochBlocks)
  const from = epoch * epochBlocks + 1
  const set = of.setAt(from)
  const total = totalPower(set)
  const kept = epoch >= epochOf(next - 1, epochBlocks) - 1
  const members = set.map((v) => ({
    node: formatKey(v.key),
    vote: toBase64(v.bls),
    power: v.power,
    share: v.power / total,
    chips: kept ? of.catSeats(v.key, from).count : null,
  }))
  return { epoch, from, to: lastHeightOf(epoch, epochBlocks), total, members }
}

function headerView(h: Header): Record<string, unknown> {
  const hex = (names: readonly (keyof Header)[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, toHex(h[name] as Uint8Array)]))
  return {
    chainId: h.chainId.toString(),
    height: h.height,
    round: h.round,
    time: h.time,
    protocol: h.protocol,
    kappa: h.kappa,
    proposer: h.height === 0 ? null : formatKey(h.proposer),
    ...hex(['parent', 'parentCertificate', 'vrfProof', 'seed', 'txRoot', 'receiptRoot', 'eventRoot', 'bloom', 'cat', 'verdicts', 'power']),
    state: { accounts: toHex(h.state.accounts), contracts: toHex(h.state.contracts), offchain: toHex(h.state.offchain) },
  }
}

function certificateView(c: Certificate | null): Record<string, unknown> {
  return c === null
    ? {}
    : { height: c.height, round: c.round, block: toHex(c.block), signers: toHex(c.signers), signature: toBase64(c.signature) }
}

/** A block with its transactions' outcomes. */
export function block(parts: Parts, height: number): BlockView {
  const final = parts.chain.blockAt(height)
  const { header, certificate, outcomes } = final
  const gas = runGasOf(final)
  return {
    height,
    hash: toHex(headerHash(header)),
    header: headerView(header),
    certificate: certificateView(certificate),
    transactions: outcomes.map((o, i) => ({
      hash: o.id.toString(),
      kind: o.kind,
      status: o.status,
      gas: String(gas[i]),
      paid: o.gas.toString(),
    })),
    receipts: outcomes.flatMap((o) => (o.receipt === null ? [] : [o.receipt.toString()])),
  }
}

/** The end of an epoch, for light clients. */
export function epoch(parts: Parts, number: number, { from, set }: { readonly from?: number; readonly set?: boolean } = {}): EpochView {
  const source = lightSource(parts.chain)
  const height = lastHeightOf(number, source.epochBlocks)
  const steps = from === undefined ? [source.epochStep(number)] : stepsToEnd(parts.chain, number, from, LIMITS.epochSteps)
  return {
    epoch: number,
    height,
    steps: steps.map((step) => toBase64(encodeStep(step))),
    ...(set === true ? { set: toBase64(encodeSet(source.setAt(height + 1))) } : {}),
  }
}
