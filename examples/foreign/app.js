/** A function as a service worker: JSON, an echo, and a request to another host. */
addEventListener('fetch', (event) => event.respondWith(answer(event.request)))

async function answer(request) {
  const url = new URL(request.url)
  if (url.pathname === '/echo') return new Response(await request.text(), { headers: { 'content-type': 'text/plain' } })
  if (url.pathname === '/out') {
    try {
      const [a, b] = await Promise.all([fetch(`${url.searchParams.get('to')}/a`), fetch(`${url.searchParams.get('to')}/b`)])
      return new Response(`${a.status} ${await a.text()}; ${b.status} ${await b.text()}`)
    } catch (error) {
      return new Response(`no answer: ${error}`, { status: 502 })
    }
  }
  if (url.pathname === '/nap') {
    const before = Date.now()
    await new Promise((done) => setTimeout(done, 1500))
    return new Response(`woke ${Date.now() - before}`)
  }
  return Response.json({ path: url.pathname, now: Date.now(), random: Math.random() })
}
