/** wasm-metering with the host of its README, as a module: limit and counter stand at the top. */
import metering from 'wasm-metering'

const limit = 1e15
let gasUsed = 0

/** The host function of the README. */
function usegas(gas: number): void {
  gasUsed += gas
  if (gasUsed > limit) throw new Error('out of gas!')
}

/** The same with its state in a closure, which V8 compiles better. */
function closedUsegas(): (gas: number) => void {
  const most = 1e15
  let used = 0
  return (gas) => {
    used += gas
    if (used > most) throw new Error('out of gas!')
  }
}

/** The kernels as the peer meters them: it calls the host at each straight line. */
export function meteringPeer(bytes: Uint8Array, host: 'readme' | 'closure'): WebAssembly.Exports {
  const metered = metering.meterWASM(Buffer.from(bytes)) as Uint8Array<ArrayBuffer>
  return new WebAssembly.Instance(new WebAssembly.Module(metered), {
    metering: { usegas: host === 'readme' ? usegas : closedUsegas() },
  }).exports
}
