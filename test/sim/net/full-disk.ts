/** A disk that is full from a write on: every write fails with an error, what was written before stays. */
import { UtnetError, type Disk } from '../../../runtime/core/index.ts'

/** The disk of which write `from` (1 is the first) and all that follow fail. */
export function fullDisk(disk: Disk, from: number): Disk {
  let writes = 0
  return {
    ...disk,
    list: () => disk.list(),
    remove: (name) => disk.remove(name),
    open: (name, reserve) => {
      const file = disk.open(name, reserve)
      return {
        ...file,
        append: (...parts) => {
          if (++writes >= from) throw new UtnetError('disk_failed', `${name}: ENOSPC: no space left on device, write`)
          file.append(...parts)
        },
      }
    },
  }
}
