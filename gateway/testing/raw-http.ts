/** HTTP as bytes: what no client of the platform would send. */
import { connect } from 'node:net'

/** Sends a text (latin1) to a port of this machine and gives all that comes until the other end closes; `half` shuts the writing side down behind it. */
export function raw(port: number, text: string, half = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () =>
      half ? socket.end(text, 'latin1') : socket.write(text, 'latin1'),
    )
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (out += chunk))
    socket.on('end', () => {
      socket.end()
      resolve(out)
    })
    socket.on('error', reject)
  })
}
