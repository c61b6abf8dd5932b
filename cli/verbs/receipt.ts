/** `utnet receipt`: the receipt, or its proof bundle as a CARv1 file. */
import { fromBase64, UtnetError } from '../../runtime/core/index.ts'
import { ANCHOR_WAIT_MS } from '../chain/index.ts'
import { writeOutput } from '../output/index.ts'
import { textFlag, type Verb } from '../verb.ts'

export const receipt: Verb = {
  name: 'receipt',
  usage: 'receipt ID [-o FILE] [--bundle] [--with-models] [--salt BASE64] [--wait]',
  summary: 'the receipt, or the proof bundle (CAR)',
  options: {
    output: { type: 'string', short: 'o' },
    bundle: { type: 'boolean' },
    'with-models': { type: 'boolean' },
    salt: { type: 'string' },
    wait: { type: 'boolean' },
  },
  positionals: [1, 1],
  async run(context) {
    const id = context.args[0] as string
    const api = context.node()
    const file = textFlag(context, 'output')
    const view = await api.receipt(id, context.flags['wait'] === true ? ANCHOR_WAIT_MS : undefined)
    if (context.flags['wait'] === true && view.anchor === null)
      throw new UtnetError('receipt_not_anchored', `receipt ${id} is not anchored after ${ANCHOR_WAIT_MS / 1000} s`)
    if (context.flags['bundle'] === true) {
      const salt = textFlag(context, 'salt')
      const opened = salt === undefined ? {} : { salt: fromBase64(salt, '--salt') }
      const car = await api.bundle(id, { withModels: context.flags['with-models'] === true, ...opened })
      if (file === undefined) context.write(car)
      else {
        writeOutput(file, car)
        context.print({ file, bytes: car.length, receipt: id })
      }
      return 0
    }
    if (file === undefined) context.print(view)
    else {
      writeOutput(file, `${JSON.stringify(view, undefined, 2)}\n`)
      context.print({ file, receipt: id })
    }
    return 0
  },
}
