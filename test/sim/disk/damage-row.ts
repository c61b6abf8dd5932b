/** A row of a store at rest, as a disk may change it. */
import { open } from 'lmdb'

/** Turns a bit of one row by its letter: the row with this number among those with the letter, from the back where it is negative. */
export async function damageRow(folder: string, letter: string, at: number): Promise<void> {
  const raw = open<Uint8Array, Uint8Array>({ path: folder, noSubdir: false, keyEncoding: 'binary', encoding: 'binary', cache: false })
  const keys = [...raw.getKeys()].map((key) => Uint8Array.from(key)).filter((key) => key[0] === letter.charCodeAt(0))
  const key = keys.at(at)
  if (key === undefined) throw new Error(`there is no row ${at} of ${letter}`)
  const value = Uint8Array.from(raw.get(key) as Uint8Array)
  value[value.length >> 1] = (value[value.length >> 1] as number) ^ 1
  await raw.put(key, Buffer.from(value))
  await raw.close()
}
