/** Transcripts of disputes, checked on this machine. */
import { DTYPES, elementCount, UtnetError, type NamedTensor, type TensorHead } from '../../core/index.ts'
import { verifyEd25519 } from '../../crypto/native.ts'
import { outlineOf, verifyTranscript, type VerifiedTranscript } from '../../piee/index.ts'
import { exactGuest } from '../models/index.ts'
import { exactModels } from './exact-models.ts'

export interface TranscriptOptions {
  /** The model's file, for a transcript without it. */
  readonly model?: Uint8Array
  /** The component of the referee's arithmetic; that of the package unless told. */
  readonly operators?: Uint8Array
}

/** Zeros of the shape of a head: what runs of one shape consist of does not hang on the values. */
const blank = ([name, dtype, shape]: TensorHead): NamedTensor => ({
  name,
  dtype,
  shape,
  data: new Uint8Array(elementCount(shape, name) * DTYPES[dtype]),
})

/** Checks a transcript's file by running again what the referee ran. Throws `device_missing` for a package without kernels. */
export function checkTranscript(file: Uint8Array, options: TranscriptOptions = {}): Promise<VerifiedTranscript> {
  const exact = exactGuest(options.operators)
  return verifyTranscript(file, {
    verify: verifyEd25519,
    ...(options.model === undefined ? {} : { model: options.model }),
    async load(bytes) {
      const { runner, operators } = exactModels(exact, async () => bytes)
      return {
        runner: operators,
        async outline(claim, inputs) {
          const outline = outlineOf(await runner.run(claim.model, inputs ?? claim.inputs.map(blank)))
          if (inputs === null && outline.trace.some(({ path }) => path.length > 1))
            throw new UtnetError('transcript_invalid', 'the model branches on values, and the transcript is without its inputs')
          return outline
        },
        close: () => runner.close(),
      }
    },
  })
}
