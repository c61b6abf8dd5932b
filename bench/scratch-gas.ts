/* scratch: measure wat attacks / classes with or without neighbour: node bench/scratch-gas.ts [quiet|busy] regex */
import { ATTACKS } from './host/gas/attacks.ts'
import { chains, reference } from './host/gas/chains.ts'
import { freshLoopOf, loopOf, Warm } from './host/gas/clock.ts'
import { besideNeighbours } from './host/gas/neighbour.ts'
import { wat } from '../runtime/host/testing/wat.ts'
import { median } from './row.ts'
const [mode, re] = process.argv.slice(2)
const rx = new RegExp(re as string)
const go = async () => {
  const base = await new Warm(loopOf(reference())).warm()
  const look = async (cls: string, name: string, loop: any, n: number) => {
    const w = await new Warm(loop).warm()
    const r: number[] = []
    for (let i = 0; i < 5; i++) { const a: number[] = [], b: number[] = []; for (let k = 0; k < n; k++) { b.push(base.slice()); a.push(w.slice()) } r.push(median(a) / median(b)) }
    console.log(mode, cls.padEnd(14), median(r).toFixed(2).padStart(7), name, [Math.min(...r).toFixed(2), Math.max(...r).toFixed(2)].join('-'))
  }
  for (const c of chains()) if (c.price !== 'free' && rx.test(c.price + ' ' + c.name)) await look(c.price, c.name, loopOf(c.bytes), 9)
  for (const a of ATTACKS) if (rx.test(a.class + ' ' + a.name)) await look(a.class, a.name, a.fresh === undefined ? loopOf(await wat(a.text)) : freshLoopOf(await wat(a.text), a.fresh), a.fresh ? 3 : 9)
}
if (mode === 'busy') await besideNeighbours(go); else await go()
process.exit(0)
