/** One run of a guest that sees WASI: what it is given, and what it leaves. */
import type { Meter } from '../abi/index.ts'
import { HttpRun, type RunContext, InputStream, Sink } from '../http/index.ts'
import type { Files } from './files.ts'
import type { Grants } from './grants.ts'
import type { Outbound } from './outbound.ts'
import type { Recorder } from './recorder.ts'
import type { BucketStore } from '../../core/index.ts'

/** The guest ended itself. */
export class GuestExit extends Error {
  override readonly name = 'GuestExit'
  readonly code: number

  constructor(code: number) {
    super(`the guest exited with code ${code}`)
    this.code = code
  }
}

/** What the outside of a run is. */
export interface Outside {
  readonly grants: Grants
  readonly files: Files
  readonly recorder: Recorder
  readonly outbound: Outbound
  readonly buckets: BucketStore | undefined
}

/** What a program is started with. */
export interface ProgramInput {
  readonly args: readonly string[]
  readonly env: readonly (readonly [string, string])[]
  readonly stdin: Uint8Array
  /** What is printed is the answer; else it is counted only. */
  readonly keepsOutput: boolean
}

/** Of a guest that is no program: nothing on stdin, nothing kept. */
export const NO_PROGRAM: ProgramInput = { args: [], env: [], stdin: new Uint8Array(0), keepsOutput: false }

/** What a guest said last before it stopped: a panic of Rust or C++ tells its line there. */
export const SAID_BYTES = 512

export class WasiRun extends HttpRun {
  readonly outside: Outside
  readonly program: ProgramInput
  readonly stdin: InputStream
  readonly stdout: Sink
  readonly stderr: Sink
  /** Keys of buckets that the run has written, each as often as it did. */
  bucketWrites = 0

  constructor(meter: Meter, context: RunContext, outside: Outside, program: ProgramInput) {
    super(meter, context)
    this.outside = outside
    this.program = program
    this.stdin = new InputStream(program.stdin)
    this.stdout = new Sink(program.keepsOutput)
    this.stderr = new Sink(program.keepsOutput, SAID_BYTES)
  }

  drop(resource: string, handle: number): void {
    this.handles.drop(handle >>> 0, resource)
  }
}
