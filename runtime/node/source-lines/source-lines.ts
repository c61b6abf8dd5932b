/**
 * The author's line of a run that ended before its time, from a map that the node keeps, or the line tables that a component carries. A guest decides how
 * often its runs end so, and its publisher what is said of it: lookups are remembered, and new ones take a tenth of the time at most. Whatever goes wrong,
 * there is no line, and the answer stays.
 */
import { fromUtf8, LIMITS, type Budgets, type CID, type FileStore, type GuestFrame, type RunEnd, type RunStatus } from '../../core/index.ts'
import { hasLineTables, readSourceMap } from '../../host/index.ts'
import { Latest } from '../latest.ts'
import { placeOf } from './line-trace.ts'

/** Where maps come from, and for whom they are looked up. */
export interface LineSources {
  /** The map that is kept for a module under a name. */
  readonly mapOf: (name: string, module: CID) => CID | undefined | Promise<CID | undefined>
  readonly files: Pick<FileStore, 'getFile'>
  /** Looks up whatever comes: on a node whose guests are its user's own. */
  readonly always: boolean
}

/** How a run ended, as the host tells it. */
export interface EndedRun {
  readonly status: RunStatus
  readonly where?: string
  readonly frames?: readonly GuestFrame[]
  readonly limit?: keyof Budgets
  readonly budgets?: Budgets
}

/** The limit that ended a run, and what it allows. */
function limitOf({ limit, budgets = {} }: EndedRun): Pick<RunEnd, 'limit' | 'allowed'> {
  if (limit === undefined) return {}
  const allowed = budgets[limit]?.allowed ?? (limit === 'gas' ? undefined : LIMITS[limit])
  return { limit, ...(allowed === undefined ? {} : { allowed: Number(allowed) }) }
}

/** Where a run of a guest of that name and module ended. Never rejects. */
export type SourceLines = (name: string, module: CID, ended: EndedRun) => Promise<RunEnd>

const REMEMBERED = 1_024
/** Of the engine's stack. */
const FRAMES_MAX = 32
/** A lookup of so long is followed by a pause of so many times as much. */
const PAUSES = 9

/** Lookups over maps and modules of `sources`. */
export function createSourceLines({ mapOf, files, always }: LineSources): SourceLines {
  /** Places by map, module and frames; empty where there is none. */
  const known = new Latest<string>(REMEMBERED)
  /** Modules without a map that have no line tables either. */
  const without = new Latest<true>(REMEMBERED)
  let pausedUntil = 0

  async function lookUp(map: CID | undefined, module: CID, frames: readonly GuestFrame[]): Promise<string> {
    const text = map && fromUtf8(await files.getFile(map, LIMITS.deployedMapBytes))
    const component = await files.getFile(module, LIMITS.guestBytes)
    const began = performance.now()
    if (!always && began < pausedUntil) return ''
    try {
      if (text !== undefined) return placeOf(component, { frames }, readSourceMap(text, 'deployedMapBytes'), false) ?? ''
      if (hasLineTables(component)) return placeOf(component, { frames }, undefined, false) ?? ''
      without.set(module.toString(), true)
      return ''
    } finally {
      const now = performance.now()
      pausedUntil = now + PAUSES * (now - began)
    }
  }

  async function line(name: string, module: CID, frames: readonly GuestFrame[]): Promise<string> {
    const map = await mapOf(name, module)
    if (map === undefined && without.get(module.toString()) === true) return ''
    const key = `${map ?? ''} ${module} ${frames.map(({ module: core = 0, index, at }) => `${core}:${index}:${at}`).join(' ')}`
    const found = known.get(key)
    if (found !== undefined) return found
    if (!always && performance.now() < pausedUntil) return ''
    const place = await lookUp(map, module, frames)
    if (place !== '') known.set(key, place)
    return place
  }

  return async (name, module, ended) => {
    const { status, where, frames = [] } = ended
    let place = ''
    try {
      if (frames.length > 0) place = await line(name, module, frames.slice(0, FRAMES_MAX))
    } catch {
      // A map that is no map, a file that is gone: then there is no line
    }
    return { status, ...(where === undefined ? {} : { at: where }), ...(place === '' ? {} : { line: place }), ...limitOf(ended) }
  }
}
