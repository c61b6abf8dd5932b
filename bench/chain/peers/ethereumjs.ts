/** `node ethereumjs.ts SENDERS NONCES`: signed plain transfers, raw bytes to receipts, by `runTx` of `@ethereumjs/vm`. Prints {perSecond} as JSON. */
import { createTxFromRLP } from '@ethereumjs/tx'
import { createAccount, hexToBytes } from '@ethereumjs/util'
import { createVM, runTx } from '@ethereumjs/vm'
import { ethCommon, ethSenders, rawTransfers, RICH } from './ethereum.ts'

const [count = 50, nonces = 4] = process.argv.slice(2).map(Number)
const common = ethCommon()
const from = ethSenders(count)
const vm = await createVM({ common })
for (const { address } of from) await vm.stateManager.putAccount(address, createAccount({ balance: RICH }))
const waves = rawTransfers(from, nonces + 1, common)
const run = async (wave: readonly `0x${string}`[]): Promise<void> => {
  for (const raw of wave) {
    const { execResult } = await runTx(vm, { tx: createTxFromRLP(hexToBytes(raw), { common }), skipHardForkValidation: true })
    if (execResult.exceptionError !== undefined) throw new Error(execResult.exceptionError.error)
  }
  await vm.stateManager.getStateRoot()
}
await run(waves[0] as `0x${string}`[])
const began = performance.now()
for (const wave of waves.slice(1)) await run(wave)
process.stdout.write(`${JSON.stringify({ perSecond: (count * nonces) / ((performance.now() - began) / 1_000) })}\n`)
