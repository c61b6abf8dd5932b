import { expect, test } from 'vitest'
import { UtnetError } from '../core/index.ts'
import { tellFaults } from './tell-faults.ts'

test('a fault of the node is told with its cause, at most once a second for each code; what a caller or a busy moment causes is not', () => {
  const lines: string[] = []
  let now = 0
  const tell = tellFaults(
    (line) => lines.push(line),
    () => now,
  )
  tell(new UtnetError('request_invalid', 'a caller'))
  tell(new UtnetError('host_busy', 'a moment'))
  tell(new Error('the disk\nis odd'), new Request('http://localhost/ipfs/bafy?format=car'))
  tell(new Error('again'))
  tell(new UtnetError('disk_failed', 'another code'))
  now = 1_000
  tell(new Error('later'))
  expect(lines).toEqual([
    'a request failed (GET /ipfs/bafy): node_internal: the disk is odd\n',
    'a request failed: disk_failed: another code\n',
    'a request failed: node_internal: later\n',
  ])
})
