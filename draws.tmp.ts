import { digest, encode } from './runtime/core/index.ts'
import { drawSeats } from './runtime/consensus/index.ts'
import * as crypto from './runtime/crypto/native.ts'
crypto.useNativeHashes()
for (const name of ['caught','b','c','d']) {
let c=0; const N=250000
for (let i=0;i<N;i++) if (drawSeats(digest('bench', encode([name,i])),10000).some(x=>x<1000)) c++
console.log(name, c/N, (c/N-0.9903026)/Math.sqrt(.9903*.0097/N))
}
