/** The ERC-20 token of erc20.sol: compiled here, its calls as data. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

interface Solc {
  compile(input: string): string
}

interface Compiled {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: {
    readonly 'erc20.sol': {
      readonly Token: {
        readonly evm: { readonly bytecode: { readonly object: string }; readonly methodIdentifiers: Readonly<Record<string, string>> }
      }
    }
  }
}

export interface Erc20 {
  /** Data of the transaction that makes it, hex. */
  readonly code: string
  mint(to: string, value: bigint): string
  transfer(to: string, value: bigint): string
}

const word = (n: bigint): string => n.toString(16).padStart(64, '0')

/** Compiles with the optimiser on, as what is deployed is. */
export function compileErc20(): Erc20 {
  const solc = createRequire(import.meta.url)('solc') as Solc
  const content = readFileSync(new URL('erc20.sol', import.meta.url), 'utf8')
  const settings = {
    optimizer: { enabled: true, runs: 1_000_000 },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.methodIdentifiers'] } },
  }
  const input = { language: 'Solidity', sources: { 'erc20.sol': { content } }, settings }
  const out = JSON.parse(solc.compile(JSON.stringify(input))) as Compiled
  const wrong = out.errors?.find((e) => e.severity === 'error')
  const made = out.contracts?.['erc20.sol'].Token.evm
  if (wrong !== undefined || made === undefined) throw new Error(wrong?.formattedMessage ?? 'solc gave nothing')
  const call = (name: string) => (to: string, value: bigint) =>
    `0x${made.methodIdentifiers[`${name}(address,uint256)`]}${word(BigInt(to))}${word(value)}`
  return { code: `0x${made.bytecode.object}`, mint: call('mint'), transfer: call('transfer') }
}
