/** The chips of a data folder: `keys/chips/<serial>.chip`, and beside them the fuses of those in software. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeChipFile, encodeChipFile, type ChipFile } from '../../chips/index.ts'
import { toHex } from '../../core/index.ts'
import { writeDurably } from '../../kv/files/index.ts'

export interface ChipFolder {
  /** Where the files of chips lie. */
  readonly path: string
  /** Where the keys S of software chips lie. */
  readonly fuses: string
  /** The file of a serial; undefined where there is none. Throws `data_corrupt`. */
  read(serial: Uint8Array): ChipFile | undefined
  /** Durable when it returns. */
  write(file: ChipFile): void
  /** All, in the order of their serials. */
  all(): ChipFile[]
}

/** The chips of a data folder; the folders are made when they are not there. */
export function chipFolder(data: string): ChipFolder {
  const folder = join(data, 'keys', 'chips')
  const fuses = join(folder, 'fuses')
  mkdirSync(fuses, { recursive: true, mode: 0o700 })
  const fileOf = (serial: Uint8Array): string => join(folder, `${toHex(serial)}.chip`)
  const read = (file: string): ChipFile => decodeChipFile(Uint8Array.from(readFileSync(file)))
  return {
    path: folder,
    fuses,
    read: (serial) => (existsSync(fileOf(serial)) ? read(fileOf(serial)) : undefined),
    write: (file) => writeDurably(fileOf(file.held.serial), encodeChipFile(file)),
    all: () =>
      readdirSync(folder)
        .filter((name) => /^[0-9a-f]{32}\.chip$/.test(name))
        .sort()
        .map((name) => read(join(folder, name))),
  }
}
