/** HTTP as bytes: what no client of the platform would send. */
import { connect } from 'node:net'

/** Sends a text (latin1) to a port of this machine and gives all that comes until the other end closes. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (out += chunk))
    socket.on('end', () => resolve(out))
    socket.on('error', reject)
  })
}
