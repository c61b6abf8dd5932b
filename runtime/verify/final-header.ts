/** Headers and the certificates that made them final. */
import {
  decodeCertificate,
  decodeHeader,
  equalBytes,
  genesisSeed,
  headerHash,
  isKnownProtocol,
  kappaOf,
  nextSeed,
  totalPower,
  vrfInput,
  type CID,
  type Header,
  type Validator,
} from '../core/index.ts'
import { vrfVerify } from '../crypto/index.ts'
import { mustBeDrawn, type Trusted } from '../consensus/light/index.ts'
import { must } from './checks.ts'
import { certificates, pointOf, type Reach } from './epochs.ts'

/** A header with the point under whose set it must be certified. */
export interface ShownHeader {
  readonly header: Header
  readonly point: Trusted
}

/** A header of the trusted chain: everything in it that can be checked without the chain before it. */
export function readHeader(bytes: Uint8Array, reach: Reach, what: string): ShownHeader {
  const header = decodeHeader(bytes)
  const { chainId, genesis } = reach.root
  must(header.chainId.equals(chainId), `${what} is of another chain`)
  must(header.height > 0, `${what} is of height 0, which no certificate covers`)
  must(isKnownProtocol(header.protocol), `${what} is of protocol ${header.protocol}, which this verifier does not know`)
  must(header.time > genesis.time, `${what} is older than the genesis`)
  const point = pointOf(reach, header)
  mustBeDrawn(header, point.set)
  if (header.height === 1) mustFollow(header, genesisSeed(chainId), chainId, point.set, what)
  return { header, point }
}

/** Fails unless seed and draw of a header follow from the seed before it. */
function mustFollow(header: Header, previousSeed: Uint8Array, chainId: CID, set: readonly Validator[], what: string): void {
  const beta = vrfVerify(header.proposer, vrfInput(chainId, header.height, previousSeed), header.vrfProof)
  must(
    beta !== undefined && equalBytes(nextSeed(previousSeed, beta), header.seed),
    `the seed of ${what} does not follow from its VRF proof`,
  )
  must(kappaOf(previousSeed, header.round, totalPower(set)) === header.kappa, `${what} draws a unit that its seed does not give`)
}

/** Fails unless the child follows its parent; for neighbours only. */
export function mustBeChild(child: ShownHeader, parent: Header, chainId: CID): void {
  must(equalBytes(child.header.parent, headerHash(parent)), 'the anchor block does not follow the context block that it stands next to')
  must(child.header.time > parent.time, 'the anchor block is not later than its parent')
  mustFollow(child.header, parent.seed, chainId, child.point.set, 'the anchor block')
}

/** Fails unless more than two thirds of the power of its epoch's set certified the header. Returns the finding as text. */
export function mustBeFinal({ header, point }: ShownHeader, certificateBytes: Uint8Array, chainId: CID): string {
  certificates.mustHold(chainId, header, headerHash(header), decodeCertificate(certificateBytes), point.set, point.power)
  return `more than two thirds of ${totalPower(point.set)} power certified block ${header.height}`
}
