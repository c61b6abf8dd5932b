/** Reads what strace saw (`-f -y`): writes, syncs, and answers, in the order in which they began and ended. */

export interface Answer {
  /** Receipt id that the answer carries. */
  readonly receipt: string
  /** Writes to the journal that no completed sync covers when the answer leaves. */
  readonly unsynced: number
  /** What was made durable since the answer before: appends to the journal, and commits of the chain's store. */
  readonly journalSyncs: number
  readonly chainCommits: number
}

interface FileState {
  /** Writes begun so far, and how many of them a completed sync covers. */
  written: number
  durable: number
  syncs: number
}

interface Call {
  readonly name: string
  readonly args: string
  readonly ended: boolean
  readonly began: boolean
  readonly failed: boolean
}

const LINE = /^(\d+)\s+(.*)$/s
const WRITES = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg'])
const SYNCS = new Set(['fdatasync', 'fsync'])
const ANSWER = /utnet-receipt: (b[a-z2-7]+)/i

function parseCall(text: string, pending: Map<string, string>, pid: string): Call | undefined {
  const resumed = /^<\.\.\. (\w+) resumed>/.exec(text)
  const failed = / = -1 E/.test(text)
  if (resumed !== null) {
    const args = pending.get(pid) ?? ''
    pending.delete(pid)
    return { name: resumed[1] as string, args, began: false, ended: true, failed }
  }
  const call = /^(\w+)\((.*)$/s.exec(text)
  if (call === null) return undefined
  const [, name = '', args = ''] = call
  const unfinished = text.includes('<unfinished ...>')
  if (unfinished) pending.set(pid, args)
  return { name, args, began: true, ended: !unfinished, failed }
}

/** The answers with a receipt, in order, each with what was durable when its write began. */
export function answersOf(trace: string): Answer[] {
  const pending = new Map<string, string>()
  /** Descriptors whose every write is a sync of its own (LMDB's root page). */
  const direct = new Set<string>()
  const journal: FileState = { written: 0, durable: 0, syncs: 0 }
  const store = { written: 0, synced: 0, commits: 0 }
  const began = new Map<string, number>()
  const answers: Answer[] = []
  for (const line of trace.split('\n')) {
    const [, pid = '', text = ''] = LINE.exec(line) ?? []
    const call = parseCall(text, pending, pid)
    if (call === undefined || call.failed) continue
    const { name, args } = call
    if (name === 'openat') {
      const fd = / = (\d+)</.exec(text)?.[1]
      if (fd !== undefined && call.ended) {
        if (args.includes('O_DSYNC') || args.includes('O_SYNC')) direct.add(fd)
        else direct.delete(fd)
      }
      continue
    }
    const [, fd = '', path = ''] = /^(\d+)<([^>]*)>/.exec(args) ?? []
    const isJournal = /\/journal\/(edge-[0-9]+\/)?receipts-/.test(path)
    const isStore = path.endsWith('/chain/kv/data.mdb')
    if (SYNCS.has(name)) {
      if (call.began) began.set(pid, isJournal ? journal.written : store.written)
      if (!call.ended) continue
      const covered = began.get(pid) ?? 0
      if (isJournal) {
        journal.durable = Math.max(journal.durable, covered)
        journal.syncs++
      }
      if (isStore) store.synced = Math.max(store.synced, covered)
      continue
    }
    if (!WRITES.has(name)) continue
    if (isJournal && call.began) journal.written++
    if (isStore && direct.has(fd)) {
      // The root page makes a transaction count; it must find the pages that it names on the disk.
      if (call.ended && store.synced === store.written && store.written > 0) store.commits++
    } else if (isStore && call.began) store.written++
    const receipt = call.began && path.startsWith('socket:') ? ANSWER.exec(args)?.[1] : undefined
    if (receipt === undefined) continue
    answers.push({ receipt, unsynced: journal.written - journal.durable, journalSyncs: journal.syncs, chainCommits: store.commits })
    journal.syncs = 0
    store.commits = 0
  }
  return answers
}
