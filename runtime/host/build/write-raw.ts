/** A script: writes the SDK's raw layer after a change of guest/wit or of the generator. */

import { writeFile } from 'node:fs/promises'
import { loadGuestWit, rawModules } from './generate/index.ts'
import { sdkLocation } from './project/index.ts'

for (const [name, text] of rawModules(await loadGuestWit())) await writeFile(`${sdkLocation().sdkDir}/raw/${name}`, text)
