import { isUtnetError, keyAddress, type TxBody } from '../../../runtime/core/index.ts'
import { WorkingState, type StateReader } from '../../../runtime/consensus/state/index.ts'
import { applyTx, checkForm, readTx, type BlockContext } from '../../../runtime/consensus/tx/index.ts'
import { crypto, signTx, simulatedExecutor, testChain, testGenesis, UNC, userOf } from '../../../runtime/consensus/testing/test-kit.ts'
import { broken, held, type Attack } from './attack.ts'

/** A state that keeps no nonces. */
class Forgetful extends WorkingState {
  override account(address: Uint8Array) {
    return { ...super.account(address), nonce: 0 }
  }
}

/** The real execution of transactions: a payment is shown a second time on its chain, and once on another chain of the same keys. */
export const replayTransaction: Attack = {
  name: 'replay-transaction',
  of: '4.4',
  aim: 'the receiver of a payment shows it again, on the same chain and on another where the payer has money too',
  defences: {
    nonce: "a transaction carries its sender's next number",
    'chain-id': 'a transaction signs the chain id, and the id is of all that a chain starts from',
  },
  run: async (seed, without) => {
    const [payer, payee] = [userOf(2), keyAddress(new Uint8Array(32).fill(77))]
    // a chain without an id of its own: two that start from the same
    const here = await testChain({ genesis: testGenesis({ salt: Uint8Array.of(seed & 255, 1) }) })
    const salt = without.has('chain-id') ? Uint8Array.of(seed & 255, 1) : Uint8Array.of(seed & 255, 2)
    const there = await testChain({ genesis: testGenesis({ salt }) })
    const body: Omit<TxBody, 'sender'> = {
      chainId: here.chain.chainId,
      nonce: 0,
      expiry: 100,
      gasLimit: 1_000_000n,
      maxFeePerGas: here.chain.params.baseFee,
      payload: { kind: 'transfer', to: payee, value: UNC },
    }
    const wire = signTx(payer, body)
    const { params } = here.chain
    const tx = readTx(wire, params)
    const base: StateReader = {
      get: (trie, key) => (trie === 'accounts' ? (here.chain.prove('accounts', key).value ?? undefined) : undefined),
    }
    const state = without.has('nonce') ? new Forgetful(base) : new WorkingState(base)
    const { chainId } = here.chain
    const block: BlockContext = {
      chainId,
      height: 1,
      time: 1,
      seed: new Uint8Array(32),
      params,
      baseFee: params.baseFee,
      executor: simulatedExecutor,
      crypto,
      power: here.genesis,
      setAt: () => here.genesis.validators,
    }
    checkForm(tx, chainId, params)
    applyTx(state, block, tx)
    const refusals: string[] = []
    try {
      applyTx(state, { ...block, height: 2 }, tx)
    } catch (error) {
      if (!isUtnetError(error, 'tx_nonce')) throw error
      refusals.push(error.code)
    }
    if (state.account(payee).balance !== UNC) return broken('paid twice on one chain')
    try {
      there.chain.submit(wire)
      await there.produce()
    } catch (error) {
      if (!isUtnetError(error, 'tx_chain')) throw error
      refusals.push(error.code)
    }
    if (there.chain.account(payee).balance !== 0n) return broken('paid on another chain')
    return held(`refused: ${refusals.join(', ')}`)
  },
}
