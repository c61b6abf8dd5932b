/** Rows that the disk changed: told by what they are, so that an operator knows what is lost, and done without where this node can. */
import { fromHex, isUtnetError, toHex, type Kv } from '../../../core/index.ts'
import { damaged } from '../../trie/index.ts'
import { rowName } from './rows.ts'

const OF_BLOCK =
  'restore the data folder from a copy to have it here again; until then the node goes on without it, and other nodes have it'

/** The key of the row that an error is about; undefined where it is about none. */
export function damagedRow(error: unknown): Uint8Array | undefined {
  const row = isUtnetError(error, 'data_corrupt') ? error.details?.['row'] : undefined
  return typeof row === 'string' ? fromHex(row) : undefined
}

/** What a read gives; `instead` where the disk gives back what was not written. For rows that a node can do without. */
export function unlessDamaged<T, D>(read: () => T, instead: D): T | D {
  try {
    return read()
  } catch (error) {
    if (!isUtnetError(error, 'data_corrupt')) throw error
    return instead
  }
}

/** Rows that are deleted. Where the disk damaged one of those to be looked at, that one alone: the others go when it is gone. */
export function deleted(rows: () => (readonly [Uint8Array, undefined])[]): (readonly [Uint8Array, undefined])[] {
  try {
    return rows()
  } catch (error) {
    const row = damagedRow(error)
    if (row === undefined) throw error
    return [[row, undefined]]
  }
}

function named(error: unknown): unknown {
  const row = damagedRow(error)
  if (row === undefined) return error
  const { name, height } = rowName(row)
  const details = { row: toHex(row) }
  return height === undefined
    ? damaged(`${name} is damaged on the disk`, { details, cause: error })
    : damaged(`the ${name} of block ${height} are damaged on the disk`, { hint: OF_BLOCK, details: { ...details, height }, cause: error })
}

/** The store, with damaged rows told by their names. */
export function namedRows(kv: Kv): Kv {
  return {
    get: (key) => {
      try {
        return kv.get(key)
      } catch (error) {
        throw named(error)
      }
    },
    *range(from, to, options) {
      try {
        yield* kv.range(from, to, options)
      } catch (error) {
        throw named(error)
      }
    },
    commit: (changes) => kv.commit(changes),
    close: () => kv.close(),
  }
}
