import { Request, Response } from '@utnet/sdk/http'

// Its script marks that it ran, then tries what a page of a guest must not: read the API, deploy, fund.
const PAGE = `<!doctype html><title>page</title><script>
document.title = 'ran'
const tries = [
  ['read', '/v1/guests', {}],
  ['deploy', '/v1/guests?name=stolen', { method: 'POST', body: 'x' }],
  ['fund', '/v1/accounts/x/fund', { method: 'POST' }],
]
Promise.all(tries.map(([name, path, init]) => fetch(new URL(path, window.API ?? location.href), init)
  .then((r) => name + ':' + r.status, () => name + ':refused'))).then((all) => { document.title = all.join(' ') })
</script>`

let grown: u32 = 0

/** Ends in the way that its path names; everything else is echoed. */
export function handle(request: Request): Response {
  const path = request.path
  if (path == '/trap') unreachable()
  if (path == '/spin') while (true) grown++
  if (path == '/page')
    return new Response().header('content-type', 'text/html').header('content-security-policy', 'default-src *').text(PAGE)
  if (path == '/session') {
    const given = request.header('authorization')
    return new Response().header('set-cookie', given === null ? '' : given).text('welcome')
  }
  if (request.method == 'POST') return new Response().bytes(request.body())
  return new Response().text(path)
}
