import { gzipSync } from 'node:zlib'
import { verifyFile } from './verify-file.ts'
for (const e of ['runtime/verify/index.ts','runtime/verify/light.ts']) { const t = await verifyFile('esm', e); console.log(e, t.length, gzipSync(t,{level:9}).length) }
