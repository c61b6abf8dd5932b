import { homedir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { userFolder } from './user-folder.ts'

afterEach(() => vi.unstubAllEnvs())

test('a key never lies in the folder that a command happens to run in: empty settings and relative homes count for nothing', () => {
  const fallback = join(userInfo().homedir, '.config/utnet')
  for (const [home, config, own, expected] of [
    ['/home/ada', undefined, undefined, '/home/ada/.config/utnet'],
    ['/home/ada', '/cfg', undefined, '/cfg/utnet'],
    ['/home/ada', '', '', '/home/ada/.config/utnet'],
    ['/home/ada', 'cfg', undefined, '/home/ada/.config/utnet'],
    ['/home/ada', '/cfg', 'mine', resolve('mine')],
    ['', undefined, undefined, fallback],
    ['ada', '', '', fallback],
  ] as const) {
    for (const [name, value] of Object.entries({ HOME: home, XDG_CONFIG_HOME: config, UTNET_HOME: own })) vi.stubEnv(name, value)
    expect([userFolder(), homedir()]).toEqual([expected, home])
  }
})
