/** The proof of one receipt to a light client: how many bytes, and what checking them costs by pure noble. */
import { decode, decodeCertificate, decodeHeader, encodeCertificate, encodeHeader, readAnchor } from '../../runtime/core/index.ts'
import { LightClient, mustHoldReceipt } from '../../runtime/consensus/light/index.ts'
import * as portable from '../../runtime/crypto/index.ts'
import * as native from '../../runtime/crypto/native.ts'
import { rowOf, type Row } from '../row.ts'
import { SEATS, seatsChain, SIGNERS } from './seats.ts'

const ROUNDS = 9

export async function lightRows(emit: (row: Row) => void): Promise<void> {
  native.useNativeHashes()
  const { chain, certificateOf, receipt } = seatsChain()
  const header = encodeHeader(chain.headerAtUncertified(receipt.height))
  const certificate = encodeCertificate(certificateOf(receipt.height))
  const bytes = header.length + certificate.length + receipt.anchorBytes.length
  process.stderr.write(
    `header ${header.length} bytes, certificate ${certificate.length}, path of ${receipt.anchor.path.length} siblings ${receipt.anchorBytes.length}; the receipt's body beside it ${receipt.body.length}\n`,
  )
  const now = chain.genesis.time + 10_000
  const times: number[] = []
  // admitting the genesis is done once by whoever follows the chain; here by blst, or it would take a minute
  const client = (): LightClient =>
    new LightClient({
      genesis: chain.genesis,
      crypto: { blsFastAggregateVerify: portable.blsFastAggregateVerify, verifyValidator: native.verifyValidator },
    })
  const clients = Array.from({ length: ROUNDS + 1 }, client)
  const warmUp = clients.pop() as LightClient
  warmUp.accept(chain.headerAtUncertified(1), certificateOf(1), now)
  for (const one of clients) {
    const begun = performance.now()
    const final = one.accept(decodeHeader(header), decodeCertificate(certificate), now)
    mustHoldReceipt(final, receipt.body, readAnchor(decode(receipt.anchorBytes)), null)
    times.push(performance.now() - begun)
    if (one.pairings !== 1) throw new Error('the certificate was not checked')
  }
  const what = `proof of one receipt of 10,000 in a block of ${SEATS} seats by ${SIGNERS} signers`
  emit(rowOf('chain', { id: 'chain.light.bytes', row: `${what}: header, certificate, path`, unit: 'bytes', values: [bytes], atMost: 2048 }))
  emit(rowOf('chain', { id: 'chain.light.ms', row: `${what}: verification, pure noble`, unit: 'ms', values: times, atMost: 300 }))
}
