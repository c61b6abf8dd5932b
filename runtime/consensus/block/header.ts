/** Makes and checks the fields of a header that do not follow from its transactions. White paper 3.2.1 (U3.2-BLK-1), C3, C4, C25. */
import {
  certificateHash,
  equalBytes,
  headerHash,
  kappaOf,
  nextSeed,
  ownerOf,
  paramsOf,
  totalPower,
  UtnetError,
  vrfInput,
  type Certificate,
  type CID,
  type Header,
  type StateRoots,
  type Validator,
} from '../../core/index.ts'
import type { ChainCrypto, Proposer } from '../crypto-port.ts'
import type { ExecutionRoots } from './execute.ts'

/** What every header of this chain is made and checked against. */
export interface HeaderRules {
  readonly chainId: CID
  readonly protocol: number
  /** The set that votes at a height up to the one after the head, and whose units are drawn there. */
  readonly setAt: (height: number) => readonly Validator[]
  readonly crypto: ChainCrypto
}

/** The block before, with its hash (32 bytes) and what made it final. */
export interface ParentHeader {
  readonly header: Header
  readonly hash: Uint8Array
  /** Null for block 0, which is final by being the genesis. */
  readonly certificate: Certificate | null
}

/** The header's fields that are known before the transactions run. */
export type HeaderStart = Pick<
  Header,
  'chainId' | 'height' | 'round' | 'parent' | 'parentCertificate' | 'proposer' | 'kappa' | 'vrfProof' | 'seed' | 'time' | 'protocol'
>

const NO_HASH = new Uint8Array(32)

const parentCertificateOf = (parent: ParentHeader): Uint8Array =>
  parent.certificate === null ? NO_HASH : certificateHash(parent.certificate)

/** Starts the header after `parent`; throws `chain_invalid` when another member's chip was drawn for this round. */
export function startHeader(rules: HeaderRules, parent: ParentHeader, round: number, timeMs: number, proposer: Proposer): HeaderStart {
  const previous = parent.header.seed
  const height = parent.header.height + 1
  const set = rules.setAt(height)
  const kappa = kappaOf(previous, round, totalPower(set))
  if (!equalBytes(ownerOf(kappa, set).key, proposer.key)) {
    throw new UtnetError('chain_invalid', `another validator proposes at height ${height}, round ${round}`)
  }
  const alpha = vrfInput(rules.chainId, height, previous)
  const vrfProof = proposer.vrfProve(alpha)
  // of the own proof only the output: whoever votes for the block verifies it
  const beta = rules.crypto.vrfOutput(vrfProof)
  if (beta === undefined) throw new UtnetError('node_internal', 'the own VRF proof is malformed')
  return {
    chainId: rules.chainId,
    height,
    round,
    parent: parent.hash,
    parentCertificate: parentCertificateOf(parent),
    proposer: proposer.key,
    kappa,
    vrfProof,
    seed: nextSeed(previous, beta),
    time: Math.max(timeMs, parent.header.time + 1),
    protocol: rules.protocol,
  }
}

/** The whole header. */
export function completeHeader(start: HeaderStart, roots: ExecutionRoots): Header {
  return { ...start, ...roots }
}

const refuse = (field: string, why: string): UtnetError =>
  new UtnetError('chain_invalid', `header ${field}: ${why}`, { details: { field } })

function must(ok: boolean, field: string, why: string): void {
  if (!ok) throw refuse(field, why)
}

/** Checks what needs no execution; throws `chain_invalid` naming the field. */
export function checkHeaderStart(rules: HeaderRules, parent: ParentHeader, header: Header): void {
  const previous = parent.header.seed
  must(header.chainId.equals(rules.chainId), 'chainId', `the block is of chain ${header.chainId}`)
  must(header.height === parent.header.height + 1, 'height', `${header.height} does not follow ${parent.header.height}`)
  must(equalBytes(header.parent, parent.hash), 'parent', 'it does not name the parent')
  must(equalBytes(header.parentCertificate, parentCertificateOf(parent)), 'parentCertificate', 'it names another certificate of the parent')
  must(
    header.protocol === rules.protocol && paramsOf(header.protocol) !== undefined,
    'protocol',
    `version ${header.protocol} is not the chain's`,
  )
  must(header.time > parent.header.time, 'time', `${header.time} is not after the parent's ${parent.header.time}`)
  const set = rules.setAt(header.height)
  must(header.kappa === kappaOf(previous, header.round, totalPower(set)), 'kappa', 'it is not the unit drawn for the round')
  must(equalBytes(ownerOf(header.kappa, set).key, header.proposer), 'proposer', 'it does not own the unit drawn')
  const beta = rules.crypto.vrfVerify(header.proposer, vrfInput(rules.chainId, header.height, previous), header.vrfProof)
  if (beta === undefined) throw refuse('vrfProof', 'it does not verify')
  must(equalBytes(header.seed, nextSeed(previous, beta)), 'seed', 'it does not follow from the proof')
}

const ROOTS = ['txRoot', 'receiptRoot', 'eventRoot', 'bloom', 'cat', 'verdicts', 'power'] as const
const STATES = ['accounts', 'contracts', 'offchain'] as const satisfies readonly (keyof StateRoots)[]

/** Compares the header with what running its transactions gave; throws `chain_invalid` naming the field. */
export function checkHeaderRoots(header: Header, roots: ExecutionRoots): void {
  for (const field of ROOTS) must(equalBytes(header[field], roots[field]), field, 'running the transactions gives another')
  for (const field of STATES)
    must(equalBytes(header.state[field], roots.state[field]), `state.${field}`, 'running the transactions gives another')
}

/** The parent that a committed header is to the next. */
export function asParent(header: Header, certificate: Certificate | null): ParentHeader {
  return { header, hash: headerHash(header), certificate }
}
