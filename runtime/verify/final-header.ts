/** Headers and the certificates that made them final. */
import {
  certificateHash,
  decodeCertificate,
  decodeHeader,
  digest,
  equalBytes,
  genesisSeed,
  headerHash,
  kappaOf,
  nextSeed,
  ownerOf,
  paramsOf,
  toHex,
  totalPower,
  vrfInput,
  type Header,
} from '../core/index.ts'
import { blsFastAggregateVerify, checkCertificate, vrfVerify } from '../crypto/index.ts'
import { must } from './checks.ts'
import type { Root } from './trust.ts'

/** A header of the trusted chain: everything in it that can be checked without the chain before it. */
export function readHeader(bytes: Uint8Array, root: Root, what: string): Header {
  const header = decodeHeader(bytes)
  must(header.chainId.equals(root.chainId), `${what} is of another chain`)
  must(header.height > 0, `${what} is of height 0, which no certificate covers`)
  must(paramsOf(header.protocol) !== undefined, `${what} is of protocol ${header.protocol}, which this verifier does not know`)
  must(equalBytes(header.power, root.power), `${what} commits to another validator set than the genesis`)
  const total = totalPower(root.genesis.validators)
  must(header.kappa < total, `${what} draws unit ${header.kappa} of ${total}`)
  must(
    equalBytes(ownerOf(header.kappa, root.genesis.validators).key, header.proposer),
    `${what} was not proposed by the owner of the unit drawn`,
  )
  must(header.time > root.genesis.time, `${what} is older than the genesis`)
  if (header.height === 1) mustFollow(header, genesisSeed(root.chainId), root, what)
  return header
}

/** Fails unless seed and draw of a header follow from the seed before it. */
function mustFollow(header: Header, previousSeed: Uint8Array, root: Root, what: string): void {
  const beta = vrfVerify(header.proposer, vrfInput(root.chainId, header.height, previousSeed), header.vrfProof)
  must(
    beta !== undefined && equalBytes(nextSeed(previousSeed, beta), header.seed),
    `the seed of ${what} does not follow from its VRF proof`,
  )
  must(
    kappaOf(previousSeed, header.round, totalPower(root.genesis.validators)) === header.kappa,
    `${what} draws a unit that its seed does not give`,
  )
}

/** Fails unless the child follows its parent; for neighbours only. */
export function mustBeChild(child: Header, parent: Header, root: Root): void {
  must(equalBytes(child.parent, headerHash(parent)), 'the anchor block does not follow the context block that it stands next to')
  must(child.time > parent.time, 'the anchor block is not later than its parent')
  mustFollow(child, parent.seed, root, 'the anchor block')
}

/** Certificates found valid, by what they are of: whoever checks many receipts of one block pays for its pairing once. */
const known = new Set<string>()
const KNOWN_MAX = 1024

/** Fails unless more than two thirds of the genesis set's power certified the header. Returns the finding as text. */
export function mustBeFinal(header: Header, certificateBytes: Uint8Array, root: Root): string {
  const certificate = decodeCertificate(certificateBytes)
  const { validators } = root.genesis
  const blockHash = headerHash(header)
  const key = toHex(digest('known-certificate', root.chainId.bytes, blockHash, certificateHash(certificate)))
  const found = `more than two thirds of ${totalPower(validators)} power certified block ${header.height}`
  if (known.has(key)) return found
  const block = { chainId: root.chainId, height: header.height, round: header.round, blockHash }
  checkCertificate(block, certificate, validators, blsFastAggregateVerify)
  if (known.size >= KNOWN_MAX) known.clear()
  known.add(key)
  return found
}
