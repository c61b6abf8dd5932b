/** A node under measurement: `/fn/sha` in the default mode, `/fn/sha-off` without receipts. */
import { startDevNode } from '../../../runtime/node/index.ts'

const node = await startDevNode({ data: process.argv[2] as string, port: 0, receipts: { default: 'on', routes: { 'sha-off': 'off' } } })
process.stdout.write(`${JSON.stringify({ url: node.url })}\n`)
process.once('SIGTERM', () => void node.close())
