/** The data folder of a node. */
import { resolve } from 'node:path'
import { UtnetError } from '../../runtime/core/index.ts'
import { environment } from './environment.ts'
import { textFlag, type VerbContext } from '../verb.ts'

/** `--data`, else `UTNET_DATA`, else `.utnet`. */
export function dataFolder(context: VerbContext): string {
  const flag = textFlag(context, 'data')
  if (flag === '') throw new UtnetError('usage', '--data must name a folder', { hint: 'utnet dev --data DIR' })
  return resolve(flag ?? environment('UTNET_DATA') ?? '.utnet')
}
