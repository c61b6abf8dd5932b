/** `utnet invoke`: an edge function; its body goes to stdout. */
import { toBase64, type FunctionAnswer, type RunEnd } from '../../runtime/core/index.ts'
import { dataArgument, headerArgument } from '../input/index.ts'
import { listFlag, textFlag, type Verb } from '../verb.ts'

function failureText({ status, at, line, limit, allowed }: RunEnd): string {
  const place = `${at === undefined ? '' : ` in ${at}`}${line === undefined ? '' : ` at ${line}`}`
  return `${status}${place}${limit === undefined ? '' : `: over the limit ${limit}${allowed === undefined ? '' : ` of ${allowed}`}`}`
}

/** Fields by name; the values of one that comes more than once (`set-cookie`) as an array. */
function fieldsJson(fields: FunctionAnswer['headers']): Record<string, string | readonly string[]> {
  const all = new Map<string, string[]>()
  for (const [name, value] of fields) all.set(name, [...(all.get(name) ?? []), value])
  return Object.fromEntries([...all].map(([name, values]) => [name, values.length === 1 ? (values[0] as string) : values]))
}

export const invoke: Verb = {
  name: 'invoke',
  usage: 'invoke NAME [--path P] [--method M] [--data TEXT|@FILE] [--header K:V]',
  summary: 'run an edge function; its body to stdout',
  options: {
    path: { type: 'string' },
    method: { type: 'string' },
    data: { type: 'string' },
    header: { type: 'string', multiple: true },
  },
  positionals: [1, 1],
  async run(context) {
    const data = textFlag(context, 'data')
    const path = textFlag(context, 'path') ?? '/'
    const answer = await context.node().invoke(context.args[0] as string, {
      method: textFlag(context, 'method')?.toUpperCase() ?? (data === undefined ? 'GET' : 'POST'),
      path: path.startsWith('/') ? path : `/${path}`,
      headers: listFlag(context, 'header').map(headerArgument),
      body: data === undefined ? new Uint8Array(0) : dataArgument(data),
    })
    if (context.json)
      context.print({
        status: answer.status,
        headers: fieldsJson(answer.headers),
        bodyBase64: toBase64(answer.body),
        gas: answer.receipt?.gas ?? null,
        receipt: answer.receipt?.id ?? null,
        ...(answer.failure === undefined ? {} : { failure: answer.failure }),
      })
    else {
      context.write(answer.body)
      const { receipt, failure } = answer
      context.say(`\nstatus ${answer.status}, ${receipt === null ? 'no receipt' : `gas ${receipt.gas}, receipt ${receipt.id}`}`)
      if (failure !== undefined) context.say(failureText(failure))
    }
    return answer.status < 400 ? 0 : 1
  },
}
