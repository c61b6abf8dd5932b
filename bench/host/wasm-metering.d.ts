/** The part of wasm-metering 0.2.1 that is measured. */
declare module 'wasm-metering' {
  const metering: { meterWASM(wasm: Buffer): Buffer }
  export default metering
}
