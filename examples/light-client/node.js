/** `node node.js URL CHAIN ADDRESS`: Node 20.19 or later. */
import { provenBalance } from './check.js'

const [url, chain, address] = process.argv.slice(2)
const ask = async (path) => {
  const response = await fetch(new URL(path, url))
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response
}
const { height, certificates, balance } = await provenBalance(ask, chain, address)
console.log(`${address} has ${balance} in block ${height}: proven by ${certificates} certificates`)
