/** Single files under a disk that fails, or a process that ends, at each step of each write: keys of the node and of the user, chip keys, format, findings of the audit. */
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { newUserKey, userKey } from '../../../cli/settings/index.ts'
import { openFuses } from '../../../runtime/chips/software/fuses.ts'
import { cidOf, isUtnetError, RAW, toHex } from '../../../runtime/core/index.ts'
import { keepRequest } from '../../../runtime/node/auditor/keep-request.ts'
import { nodeKeys, openDataFolder } from '../../../runtime/node/folder/index.ts'

const disk = vi.hoisted(() => {
  class Dead extends Error {}
  type Undo = () => void
  return {
    Dead,
    how: 'whole' as 'whole' | 'error' | 'killed',
    at: Number.POSITIVE_INFINITY,
    steps: 0,
    /** What a loss of power undoes, until it is synced; by path. */
    unsynced: new Map<string, Undo>(),
    paths: new Map<number, string>(),
    /** Who is killed does not tidy up. */
    dead(): boolean {
      return this.how === 'killed' && this.steps > this.at
    },
    step(): void {
      const at = this.steps++
      if (this.how === 'whole' || at < this.at || (this.how === 'error' && at > this.at)) return
      if (this.how === 'error') throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'write', path: 'x' })
      throw new Dead('killed')
    },
  }
})
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>()
  const steps: Partial<typeof fs> = {
    openSync: ((path: string, flags: string, mode?: number) => {
      if (!String(flags).startsWith('w')) {
        const fd = real.openSync(path, flags, mode)
        disk.paths.set(fd, path)
        return fd
      }
      disk.step()
      const fd = real.openSync(path, flags, mode)
      disk.paths.set(fd, path)
      disk.unsynced.set(path, () => real.rmSync(path, { force: true }))
      return fd
    }) as typeof fs.openSync,
    writeFileSync: ((file: number | string, data: string | Uint8Array) => {
      try {
        disk.step()
      } catch (error) {
        // half of it was written
        real.writeFileSync(file, data.slice(0, data.length / 2))
        throw error
      }
      real.writeFileSync(file, data)
    }) as typeof fs.writeFileSync,
    fsyncSync: ((fd: number) => {
      disk.step()
      real.fsyncSync(fd)
      const path = disk.paths.get(fd) as string
      for (const name of disk.unsynced.keys()) if (name === path || name.startsWith(`name:${path}/`)) disk.unsynced.delete(name)
    }) as typeof fs.fsyncSync,
    renameSync: ((from: string, to: string) => {
      disk.step()
      const before = real.existsSync(to) ? real.readFileSync(to) : undefined
      real.renameSync(from, to)
      disk.unsynced.set(`name:${to}`, () => (before === undefined ? real.rmSync(to, { force: true }) : real.writeFileSync(to, before)))
    }) as typeof fs.renameSync,
    rmSync: ((path: string, options?: fs.RmOptions) => {
      if (!disk.dead()) real.rmSync(path, options)
    }) as typeof fs.rmSync,
    linkSync: ((from: string, to: string) => {
      disk.step()
      real.linkSync(from, to)
      disk.unsynced.set(`name:${to}`, () => real.rmSync(to, { force: true }))
    }) as typeof fs.linkSync,
  }
  return { ...real, ...steps, default: { ...real, ...steps } }
})

const home = fs.mkdtempSync(join(tmpdir(), 'utnet-files-'))
afterAll(() => fs.rmSync(home, { recursive: true, force: true }))
const SERIAL = new Uint8Array(16).fill(7)
const KEY = new Uint8Array(16).fill(9)
const REQUEST = new Uint8Array(1_000).fill(3)
const finding = { anchor: cidOf(RAW, REQUEST), request: REQUEST } as unknown as Parameters<typeof keepRequest>[1]

/** Each does its writes in a folder and gives what they stand for; run again, it gives the same. */
const WRITERS: Readonly<Record<string, (folder: string) => string>> = {
  'format of a data folder': (folder) => {
    openDataFolder(folder).release()
    return 'open'
  },
  "the node's keys": (folder) => toHex(nodeKeys(folder).identity),
  "the user's key": (folder) => {
    vi.stubEnv('UTNET_HOME', folder)
    return userKey().address
  },
  'the key of a chip': (folder) => {
    const fuses = openFuses(folder)
    if (fuses.read(SERIAL) === undefined) fuses.burn(SERIAL, KEY)
    return toHex(fuses.read(SERIAL) as Uint8Array)
  },
  'a finding of the audit': (folder) => toHex(fs.readFileSync(keepRequest(folder, finding) as string)),
}

let folders = 0
/** Runs on a disk that fails `how` at a step; gives what was acknowledged, or what was thrown. */
function run(how: typeof disk.how, at: number, work: () => string): string | Error {
  Object.assign(disk, { how, at, steps: 0 })
  try {
    return work()
  } catch (error) {
    return error as Error
  } finally {
    Object.assign(disk, { how: 'whole', at: Number.POSITIVE_INFINITY })
  }
}

function losePower(): void {
  for (const undo of [...disk.unsynced.values()].toReversed()) undo()
  disk.unsynced.clear()
}

const temporaries = (folder: string): string[] =>
  fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.[0-9a-f]{12}$/.test(name))

test.each(Object.entries(WRITERS))(
  '%s: an error of the disk at any step is a code, and leaves nothing behind that is in the way',
  (_, write) => {
    const place = (): string => {
      const folder = join(home, String(folders++))
      fs.mkdirSync(folder)
      return folder
    }
    const whole = place()
    run('whole', 0, () => write(whole))
    const { steps } = disk
    for (let at = 0; at < steps; at++) {
      const folder = place()
      const thrown = run('error', at, () => write(folder))
      expect([at, isUtnetError(thrown, 'disk_failed') || isUtnetError(thrown, 'chip_engine')]).toEqual([at, true])
      expect([at, temporaries(folder)]).toEqual([at, []])
      const made = run('whole', 0, () => write(folder))
      expect([at, typeof made]).toEqual([at, 'string'])
      expect(run('whole', 0, () => write(folder))).toBe(made)
    }
    expect(steps).toBeGreaterThan(2)
  },
)

test.each(Object.entries(WRITERS))(
  '%s: a process that ends at any step, with the power or without, comes back to a whole file',
  (_, write) => {
    for (const power of [true, false])
      for (let at = 0; ; at++) {
        const folder = join(home, String(folders++))
        fs.mkdirSync(folder)
        const first = run('killed', at, () => write(folder))
        if (power) losePower()
        disk.unsynced.clear()
        const again = run('whole', 0, () => write(folder))
        // what was acknowledged is there; what was not is whole or made anew
        if (typeof first === 'string') expect(again).toBe(first)
        else expect([power, at, typeof again]).toEqual([power, at, 'string'])
        expect(run('whole', 0, () => write(folder))).toBe(again)
        if (typeof first === 'string') break
      }
  },
)

test('a new key of the user that cannot be written leaves the old one in its place', () => {
  for (const how of ['error', 'killed'] as const)
    for (let at = 0; ; at++) {
      const folder = join(home, String(folders++))
      vi.stubEnv('UTNET_HOME', folder)
      const old = userKey().address
      disk.unsynced.clear()
      const made = run(how, at, () => newUserKey().address)
      if (how === 'killed') losePower()
      const now = userKey().address
      if (typeof made === 'string') {
        expect(now).toBe(made)
        break
      }
      // replaced or not, never lost: the key of before is there under one of its names
      expect(
        fs
          .readdirSync(join(folder, 'keys'))
          .map((name) => fs.readFileSync(join(folder, 'keys', name), 'utf8'))
          .join(''),
      ).toContain(old)
      if (fs.readFileSync(join(folder, 'keys/user.json'), 'utf8').includes(old)) expect(now).toBe(old)
    }
})
