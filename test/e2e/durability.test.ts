/** An acknowledgement leaves only after the sync that makes its receipt durable: seen from outside, by the system calls of a real node. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { createClient } from '../../gateway/client/index.ts'
import { startChild } from './kit/child.ts'
import { component } from './kit/guests.ts'
import { temporaryFolder, ticketOf } from './kit/node.ts'
import { answersOf } from './kit/trace.ts'

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
const INVOKES = 6

async function untilExited(file: string): Promise<string> {
  for (let i = 0; i < 400; i++) {
    const text = readFileSync(file, 'latin1')
    // The last line of the first process: the tracer has seen everything.
    if (/^\d+\s+\+\+\+ exited with \d+ \+\+\+$/m.test(text.slice(-2_000))) return text
    await sleep(25)
  }
  throw new Error('the tracer did not finish')
}

test.skipIf(!canTrace)(
  'no answer with a receipt leaves before the journal (or, of a call, the chain) is synced (needs strace)',
  async () => {
    const file = join(folder, 'trace')
    const calls = 'trace=fdatasync,fsync,pwrite64,pwritev,write,writev,sendto,sendmsg,openat'
    const node = await startChild(join(folder, 'data'), join(folder, 'user'), [
      'strace',
      '-D',
      '-f',
      '-y',
      '-s',
      '400',
      '-e',
      calls,
      '-o',
      file,
    ])
    const api = createClient(node.url)
    for (const name of ['probe', 'ledger'] as const) await api.deploy({ name, component: await component(name) })
    const invokes: string[] = []
    for (let i = 0; i < INVOKES; i++) {
      const response = await fetch(`${node.url}/fn/probe/echo`, { method: 'POST', body: `body ${i}` })
      invokes.push(ticketOf(response).id)
      await response.arrayBuffer()
    }
    const called = await fetch(`${node.url}/v1/guests/ledger/calls`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ export: 'post', args: [{ label: 'a', amount: '1' }, 1] }),
    })
    const call = ticketOf(called).id
    await called.arrayBuffer()
    expect(await node.stop()).toBe(0)

    const trace = await untilExited(file)
    const answers = answersOf(trace)
    expect(answers.map((a) => a.receipt)).toEqual([...invokes, call])
    for (const answer of answers.slice(0, INVOKES)) {
      expect(answer.unsynced, answer.receipt).toBe(0)
      expect(answer.journalSyncs, answer.receipt).toBeGreaterThanOrEqual(1)
    }
    expect(answers.at(-1)?.chainCommits).toBeGreaterThanOrEqual(1)

    // The control: the same run without its syncs is seen as what it is.
    const unsynced = answersOf(
      trace
        .split('\n')
        .filter((line) => !/f(data)?sync/.test(line))
        .join('\n'),
    )
    expect(unsynced.slice(0, INVOKES).every((a) => a.unsynced > 0 && a.journalSyncs === 0)).toBe(true)
    expect(unsynced.at(-1)?.chainCommits).toBe(0)
  },
)
