import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { UtnetError } from '../../runtime/core/index.ts'
import { writeDurably, writeOnce } from '../../runtime/kv/files/index.ts'
import { namedFile } from './named-file.ts'
import { writeOutput } from './output.ts'

const root = mkdtempSync(join(tmpdir(), 'utnet-named-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const at = (...parts: string[]): string => join(root, ...parts)

function thrownBy(act: () => void): unknown {
  try {
    act()
  } catch (thrown) {
    return namedFile(thrown)
  }
  return undefined
}

mkdirSync(at('folder'))
writeFileSync(at('file'), '')
symlinkSync(at('loop'), at('loop'))
const long = 'n'.repeat(300)

test.skipIf(process.platform === 'win32').each([
  ['EISDIR', 'usage', at('folder'), () => writeDurably(at('folder'), 'x')],
  ['EISDIR', 'usage', at('folder'), () => writeOutput(at('folder'), 'x')],
  ['ENOTDIR', 'usage', at('file', 'x'), () => writeDurably(at('file', 'x'), 'x')],
  ['ENOENT', 'usage', at('none', 'x'), () => writeOnce(at('none', 'x'), 'x')],
  ['EEXIST', 'usage', at('file'), () => writeOnce(at('file'), 'x')],
  ['ENAMETOOLONG', 'usage', long, () => writeOutput(at(long), 'x')],
  ['ELOOP', 'usage', at('loop', 'x'), () => writeDurably(at('loop', 'x'), 'x')],
  ['ENOSPC', 'disk_failed', '/dev/full', () => writeOutput('/dev/full', 'x')],
] as const)('%s of a real path: %s, and the path is named', (errno, code, named, act) => {
  expect(thrownBy(act)).toMatchObject({
    code,
    message: expect.stringMatching(new RegExp(`${named}.*${errno}`)) as string,
    hint: expect.stringMatching(/\w+ \w+/) as string,
  })
  expect(readdirSync(root).toSorted()).toEqual(['file', 'folder', 'loop'])
})

test.skipIf(process.platform === 'win32')(
  'EACCES and EMFILE of a real process: the user, and the process, are at fault and not the disk',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'utnet-locked-'))
    const script = (path: string): string => `
    import { openSync } from 'node:fs'
    import { namedFile } from ${JSON.stringify(new URL('named-file.ts', import.meta.url).href)}
    import { writeDurably } from ${JSON.stringify(new URL('../../runtime/kv/files/index.ts', import.meta.url).href)}
    if (process.argv[1] === 'other') process.setuid?.(65534)
    try {
      if (process.argv[1] === 'many') for (;;) openSync('/dev/null')
    } catch {}
    try { writeDurably(${JSON.stringify(path)}, 'x') } catch (e) { process.stdout.write(namedFile(e).code) }`
    const run = (how: string): string =>
      spawnSync('sh', ['-c', `ulimit -n 64; exec "$0" --input-type=module -e "$1" ${how}`, process.execPath, script(join(folder, 'x'))], {
        encoding: 'utf8',
        timeout: 60_000,
        env: { ...process.env, NODE_COMPILE_CACHE: undefined },
      }).stdout
    expect(run('many')).toBe('host_busy')
    chmodSync(folder, 0o500)
    expect(run(process.getuid?.() === 0 ? 'other' : 'same')).toBe('usage')
    expect(readdirSync(folder)).toEqual([])
    rmSync(folder, { recursive: true })
  },
)

test.each([
  ['EPERM', 'usage', 'caller'],
  ['EXDEV', 'usage', 'caller'],
  ['EBUSY', 'usage', 'caller'],
  ['ENFILE', 'host_busy', 'node'],
  ['EDQUOT', 'disk_failed', 'node'],
  ['EROFS', 'disk_failed', 'node'],
  ['EIO', 'disk_failed', 'node'],
  ['EOTHER', 'usage', 'caller'],
])('%s, which no test can bring about: %s, the fault of the %s', (errno, code, fault) => {
  const cause = Object.assign(new Error(errno), { syscall: 'rename', path: '/a.tmp', dest: '/a', code: errno })
  expect(namedFile(cause)).toMatchObject({ code, fault, cause, message: expect.stringMatching(`^cannot rename /a: .*${errno}`) as string })
})

test('what is no error of a file stays what it is', () => {
  const own = new UtnetError('disk_failed', 'x')
  for (const other of [own, new Error('x'), Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'x'])
    expect(namedFile(other)).toBe(other)
})
