/** Where the files that travel beside the code are: the same place in a checkout and in the published package. */
import { fileURLToPath } from 'node:url'

/** Folder of the project templates. */
export function templateFolder(): string {
  return fileURLToPath(new URL('./templates', import.meta.url))
}
