/** A process that opens a data folder and prints the balance of one account, and its resident memory in bytes: `node restart.ts FOLDER ACCOUNT`. */
import { useNativeHashes } from '../../../runtime/crypto/native.ts'
import { openLmdb } from '../../../runtime/kv/index.ts'
import { answer } from './state.ts'

useNativeHashes()
const [folder, account] = process.argv.slice(2) as [string, string]
const kv = await openLmdb(folder)
process.stdout.write(`${await answer(kv, Number(account))} ${process.memoryUsage.rss()}\n`)
await kv.close()
