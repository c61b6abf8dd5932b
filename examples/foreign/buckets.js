/** A function over `wasi:keyvalue`: values, counters, compare-and-swap, batches; and bodies in many pieces. */
import { open } from 'wasi:keyvalue/store@0.2.0-draft2'
import { increment, Cas, swap } from 'wasi:keyvalue/atomics@0.2.0-draft2'
import { getMany, setMany, deleteMany } from 'wasi:keyvalue/batch@0.2.0-draft2'

const bytes = (text) => new TextEncoder().encode(text)
const text = (of) => (of === undefined ? null : new TextDecoder().decode(of))

addEventListener('fetch', (event) => event.respondWith(answer(event.request)))

function buckets() {
  const bucket = open('visits')
  bucket.set('a', bytes('\u00e41'))
  setMany(bucket, [
    ['x', bytes('1')],
    ['y', bytes('2')],
  ])
  const many = getMany(bucket, ['x', 'none', 'y']).map(([key, value]) => [key, text(value)])
  const cas = Cas.new(bucket, 'x')
  const before = text(cas.current())
  swap(cas, bytes('3'))
  const said = [text(bucket.get('a')), bucket.exists('none'), String(increment(bucket, 'n', 5n)), String(increment(bucket, 'n', 7n)), many]
  said.push(before, text(bucket.get('x')), bucket.listKeys(undefined).keys)
  deleteMany(bucket, ['x', 'y'])
  said.push(bucket.listKeys(undefined).keys)
  try {
    open('other')
  } catch (error) {
    said.push(error.payload.tag)
  }
  return Response.json(said)
}

function pieces(count) {
  let i = 0
  const body = new ReadableStream({
    pull(to) {
      if (i === count) to.close()
      else to.enqueue(bytes(`piece ${i++}\n`))
    },
  })
  return new Response(body)
}

async function size(body) {
  const reader = body.getReader()
  let total = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Response(String(total))
    total += value.length
  }
}

async function answer(request) {
  const url = new URL(request.url)
  if (url.pathname === '/buckets') return buckets()
  if (url.pathname === '/pieces') return pieces(Number(url.searchParams.get('count')))
  return size(request.body)
}
