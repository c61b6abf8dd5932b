export { simulatedTpu, type SimulatedTpu, type SimulatedTpuOptions } from './device.ts'
