/** Where the chip keys S of software chips lie: a file for each, written once, readable by its owner alone. It stands for the fuses of a chip and protects no better than the file system does. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { abytes, toHex, UtnetError } from '../../core/index.ts'
import { writeOnce } from '../../kv/files/index.ts'
import { CHIP_KEY_BYTES } from '../key-wrap.ts'

export interface Fuses {
  /** The key S (16 bytes) of a serial; undefined where this machine has none. */
  read(serial: Uint8Array): Uint8Array | undefined
  /** Writes S, durably. Throws `chip_engine` when the serial has one: fuses burn once. */
  burn(serial: Uint8Array, key: Uint8Array): void
}

/** The fuses of a folder, made when it is not there. */
export function openFuses(folder: string): Fuses {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = (serial: Uint8Array): string => join(folder, `${toHex(abytes(serial, 16, 'serial'))}.fuse`)
  return {
    read(serial) {
      const file = path(serial)
      if (!existsSync(file)) return undefined
      const bytes = readFileSync(file)
      if (bytes.length !== CHIP_KEY_BYTES)
        throw new UtnetError('chip_engine', `${file} does not hold a chip key`, { hint: 'restore it from a copy; else the chip is lost' })
      return Uint8Array.from(bytes)
    },
    burn(serial, key) {
      abytes(key, CHIP_KEY_BYTES, 'chip key')
      try {
        writeOnce(path(serial), key, 0o400)
      } catch (cause) {
        throw new UtnetError(
          'chip_engine',
          `the chip key of ${toHex(serial)} cannot be written: it is there already, or the folder is not writable`,
          {
            cause,
          },
        )
      }
    },
  }
}
