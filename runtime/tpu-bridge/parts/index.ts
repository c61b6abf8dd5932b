/** Single operators of models, whole or in part: what referees run. */
export { deviceOperators, wasmOperators, type ReadFile } from './operator-runner.ts'
