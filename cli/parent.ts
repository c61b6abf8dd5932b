/** npm starts a command through a shell, and a signal to npm can end both without reaching the command. */
const LOOK_MS = 200

/** Under npm or npx: calls `gone` once the parent process is no more. Elsewhere a node may outlive the shell that started it (nohup, a service). */
export function whenParentIsGone(gone: () => void): void {
  if (process.env['npm_command'] === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    gone()
  }, LOOK_MS)
  timer.unref()
}
