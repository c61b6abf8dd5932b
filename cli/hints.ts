/** The next command to run when an error brings no hint of its own. */
import type { ErrorCode } from '../runtime/core/index.ts'

export const HINTS: Partial<Record<ErrorCode, string>> = {
  guest_not_found: 'list what is deployed: utnet guests; deploy: utnet deploy DIR --name NAME',
  guest_export_not_found: 'see the exports: utnet guests NAME',
  guest_invalid: 'see what the validator sees: utnet inspect FILE',
  guest_build: 'mend the source line named above, then: utnet build DIR',
  guest_trap: 'see where it stopped: utnet replay ID --trace',
  host_out_of_gas: 'give it more: --gas N',
  value_mismatch: 'see the types of an export: utnet guests NAME',
  model_not_found: 'add it: utnet model add FILE --name NAME',
  name_taken: 'choose another --name, or deploy with the key that owns it: utnet keys show',
  receipt_not_found: 'ids stand in the Utnet-Receipt header and in every result',
  receipt_not_anchored: 'wait for the anchor: utnet receipt ID --wait',
  node_unreachable: 'start a node: utnet dev, or name one: --node URL',
  trust_unknown: 'fetch and trust the chain: utnet chain genesis -o genesis.json && utnet chain trust genesis.json',
  tx_balance: 'see the balance: utnet keys show',
  tx_nonce: 'another transaction of this key was first; run the command again',
  data_locked: 'stop the other node, or choose another folder: --data DIR',
  chain_pruned: 'leave --at out, or name a later height: utnet chain status',
  usage: 'utnet help',
}
