/** Files that components mount. */
import { limitError, LIMITS, type FileView } from '../../core/index.ts'
import type { Parts } from '../parts.ts'

/** Stores a file; one that is there already is the same file. */
export async function addFile({ store }: { readonly store: Pick<Parts['store'], 'putFile'> }, bytes: Uint8Array): Promise<FileView> {
  const size = bytes.length
  if (size > LIMITS.mountBytes) throw limitError('core_too_large', 'mountBytes', size, LIMITS.mountBytes, 'the file')
  return { cid: (await store.putFile(bytes)).toString(), size }
}
