/** The chain: speed, proofs, certificates and the simulator. Parts stand alone: `npm run -s bench -- chain --only=sim`. */
import { catRows } from './chain/cat.ts'
import { certRows } from './chain/cert.ts'
import { lightRows } from './chain/light.ts'
import { leaderRows } from './chain/leader.ts'
import { eventRows } from './chain/events.ts'
import { overheadRows } from './chain/overhead.ts'
import { growthRows } from './chain/growth/index.ts'
import { simRows } from './chain/sim.ts'
import { loopbackTokenRows, tokenRows } from './chain/token.ts'
import { voteRows } from './chain/votes.ts'
import { loopbackTransferRows, transferRows } from './chain/transfers.ts'
import type { Emit } from './row.ts'

/** Each measures rows of its own, in the order of the table. */
const PARTS: Readonly<Record<string, (emit: Emit) => Promise<void>>> = {
  cat: catRows,
  overhead: overheadRows,
  votes: voteRows,
  cert: certRows,
  light: lightRows,
  leader: leaderRows,
  events: eventRows,
  growth: growthRows,
  transfers: transferRows,
  token: tokenRows,
  loopback: async (emit) => {
    await loopbackTransferRows(emit)
    await loopbackTokenRows(emit)
  },
  sim: simRows,
}

/** Measures the parts that `only` names, or all. Throws RangeError for a part that is not there. */
export async function chainArea(emit: Emit, only: readonly string[]): Promise<void> {
  const wrong = only.find((name) => !Object.hasOwn(PARTS, name))
  if (wrong !== undefined) throw new RangeError(`there is no part ${wrong}; there is ${Object.keys(PARTS).join(', ')}`)
  for (const [name, part] of Object.entries(PARTS)) if (only.length === 0 || only.includes(name)) await part(emit)
}
