/** The receipts of functions that this thread makes itself. */
import { PROTOCOL, requestOpening, responseOpening, sha256, withoutSecrets } from '../../core/index.ts'
import type { HandedEnd, OpenRun, Receipts, RunFile } from '../../receipts/index.ts'
import type { FunctionBegin, FunctionReceipts, FunctionRun, Ticketed } from '../receipts/index.ts'
import { latin1Headers } from './latin1.ts'
import { whenTicketed } from './runs.ts'

const NO_BODY = sha256(new Uint8Array(0))

class LocalRun implements FunctionRun {
  readonly #run: OpenRun
  readonly #body: Uint8Array
  readonly #bodySha256: Uint8Array

  constructor(receipts: Pick<Receipts, 'begin'>, { module, chainSeed, request }: FunctionBegin) {
    const { method, path, headers, body } = request
    const hash = body.length === 0 ? NO_BODY : sha256(body)
    this.#body = body
    this.#bodySha256 = hash
    this.#run = receipts.begin({
      module,
      chainSeed,
      input: (salt) => requestOpening(method, path, withoutSecrets(latin1Headers(headers), salt), hash),
    })
  }

  get seed(): Uint8Array {
    return this.#run.seed
  }

  abandon(): void {
    this.#run.abandon()
  }

  finish({ response, files: named, later, ...end }: HandedEnd, done: Ticketed): void {
    const run = this.#run
    const { status, headers, body } = response
    const hash = sha256(body)
    const files: RunFile[] = [...named]
    if (this.#body.length > 0) files.push([this.#bodySha256, this.#body])
    // A caller who does not wait for the disk has the answer before it is written, and may change it.
    if (body.length > 0) files.push([hash, later ? new Uint8Array(body) : body])
    const output = responseOpening(
      status,
      withoutSecrets(headers, () => run.secretSalt),
      hash,
    )
    const issued = run.finish({ ...end, kind: 'invoke', protocol: PROTOCOL, output, files })
    whenTicketed(run, issued, end.gas, later, done)
  }
}

/** Receipts of functions that this thread makes itself. */
export function localReceipts(receipts: Pick<Receipts, 'begin'>): FunctionReceipts {
  return { begin: (begin) => new LocalRun(receipts, begin) }
}
