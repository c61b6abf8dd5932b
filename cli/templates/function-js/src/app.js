addEventListener('fetch', (event) => event.respondWith(answer(event.request)))

async function answer(request) {
  if (request.method === 'POST') {
    return new Response(await request.text(), { headers: { 'content-type': request.headers.get('content-type') ?? 'text/plain' } })
  }
  return Response.json({ hello: new URL(request.url).pathname })
}
