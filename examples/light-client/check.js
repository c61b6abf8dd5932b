/** What Node and a page do alike: the balance of an account, proven by certificates of the chain's validators. The node that is asked is believed nothing. */
import {
  chainIdOf,
  decodeCertificate,
  decodeGenesis,
  decodeHeader,
  decodeStep,
  epochOf,
  fromBase64,
  LightClient,
  parseAddress,
  provenAccount,
  provenEntry,
  toHex,
} from 'utnet/light'

/**
 * `ask(path)` gives a node's answer (a `Response`); `chainId` is what you trust: ask people for it, not the node.
 * Throws where anything that the node says does not hold.
 */
export async function provenBalance(ask, chainId, address) {
  const json = async (path) => (await ask(path)).json()

  // The genesis is whatever hashes to the chain's id, so anybody may hand it over.
  const genesis = decodeGenesis(new Uint8Array(await (await ask('/v1/chain/genesis')).arrayBuffer()))
  if (chainIdOf(genesis).toString() !== chainId) throw new Error(`the node is of another chain: ${chainIdOf(genesis)}`)
  // A development chain is worth what its maker is, however old it is.
  const client = new LightClient({ genesis, ...(genesis.dev ? { trustingMs: Infinity } : {}) })

  const { proof } = await json(`/v1/accounts/${address}?proof=true`)
  const header = decodeHeader(fromBase64(proof.header))

  // From the genesis to the set that certifies this block: one certificate an epoch, fewer where the sets overlap.
  while (client.trusted.epoch < epochOf(header.height, genesis.epochBlocks)) {
    const { height } = client.trusted
    const { steps } = await json(`/v1/chain/epochs/${epochOf(header.height, genesis.epochBlocks) - 1}?from=${height}`)
    for (const step of steps) client.follow(decodeStep(fromBase64(step)), Date.now())
    if (client.trusted.height === height) throw new Error('the node leads nowhere')
  }

  // The block is final, and its state holds this account, or none.
  client.accept(header, decodeCertificate(fromBase64(proof.certificate)), Date.now())
  const entry = proof.entries.find(({ trie, key }) => trie === 'accounts' && toHex(fromBase64(key)) === toHex(parseAddress(address)))
  if (entry === undefined) throw new Error('the proof is of another account')
  const account = provenAccount(header, parseAddress(address), provenEntry(entry))
  return { height: header.height, certificates: client.pairings, balance: account === undefined ? 0n : account.balance }
}
