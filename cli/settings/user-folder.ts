/** The user's folder `$XDG_CONFIG_HOME/utnet`: the key that signs, and the chains that this user trusts. */
import { chmodSync, existsSync, linkSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { homedir, userInfo } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import {
  abytes,
  chainIdOf,
  decodeGenesis,
  formatAddress,
  formatKey,
  fromBase64,
  fromHex,
  keyAddress,
  toBase64,
  toHex,
  UtnetError,
  type Genesis,
} from '../../runtime/core/index.ts'
import { publicKeyEd25519 } from '../../runtime/crypto/native.ts'
import { environment } from './environment.ts'
import { makeFolder, writeDurably, writeOnce } from '../../runtime/kv/files/index.ts'

/** A key must not come to lie in whatever folder a command was started in: without a usable `HOME` the home is that of the user's account. */
function home(): string {
  const given = homedir()
  return isAbsolute(given) ? given : userInfo().homedir
}

/** Path of the folder; `UTNET_HOME` overrides it. An `XDG_CONFIG_HOME` that is not absolute counts for nothing (XDG Base Directory Specification). */
export function userFolder(): string {
  const own = environment('UTNET_HOME')
  if (own !== undefined) return resolve(own)
  const config = environment('XDG_CONFIG_HOME')
  return join(config !== undefined && isAbsolute(config) ? config : join(home(), '.config'), 'utnet')
}

export interface UserKey {
  readonly secret: Uint8Array
  readonly key: Uint8Array
  readonly address: string
}

const keyPath = (): string => join(userFolder(), 'keys', 'user.json')

function fromSecret(secret: Uint8Array): UserKey {
  const key = publicKeyEd25519(secret)
  return { secret, key, address: formatAddress(keyAddress(key)) }
}

function keyText(user: UserKey): string {
  return `${JSON.stringify({ secret: toHex(user.secret), key: formatKey(user.key), address: user.address }, undefined, 2)}\n`
}

/** Makes a new key; an existing one is kept aside under its address. */
export function newUserKey(): UserKey {
  const path = keyPath()
  makeFolder(join(userFolder(), 'keys'), 0o700)
  const old = loadUserKey()
  // a second name: where the new key cannot be written the old one is still the user's
  if (old !== undefined) {
    const aside = join(userFolder(), 'keys', `${old.address}.json`)
    if (!existsSync(aside)) linkSync(path, aside)
  }
  const user = fromSecret(randomBytes(32))
  writeDurably(path, keyText(user))
  return user
}

function loadUserKey(): UserKey | undefined {
  let text: string
  try {
    text = readFileSync(keyPath(), 'utf8')
  } catch {
    return undefined
  }
  try {
    return fromSecret(abytes(fromHex((JSON.parse(text) as { secret: string }).secret, 'secret'), 32, 'secret'))
  } catch (cause) {
    throw new UtnetError('data_corrupt', `the key file ${keyPath()} cannot be read`, { hint: 'move it away, then: utnet keys new', cause })
  }
}

/** The user's key; the first use creates it. */
export function userKey(): UserKey {
  const found = loadUserKey()
  if (found !== undefined) return found
  makeFolder(join(userFolder(), 'keys'), 0o700)
  try {
    // Of two commands that start at once one makes the key, and both use it.
    writeOnce(keyPath(), keyText(fromSecret(randomBytes(32))))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  }
  return loadUserKey() ?? userKey()
}

const trustFolder = (): string => join(userFolder(), 'trust')

/** A genesis file: JSON with the canonical bytes in base64. */
export function genesisFile(bytes: Uint8Array): { chainId: string; name: string; dev: boolean; genesis: string } {
  const genesis = decodeGenesis(bytes)
  return { chainId: chainIdOf(genesis).toString(), name: genesis.name, dev: genesis.dev, genesis: toBase64(bytes) }
}

/** The genesis bytes of a genesis file; throws `chain_invalid` when its chain id is not that of its bytes. */
export function readGenesisFile(path: string): Uint8Array {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new UtnetError('usage', `cannot read the genesis file ${path}`, { cause })
  }
  try {
    const file = JSON.parse(text) as { chainId: string; genesis: string }
    const bytes = fromBase64(file.genesis, 'genesis')
    if (genesisFile(bytes).chainId === file.chainId) return bytes
  } catch (cause) {
    throw new UtnetError('chain_invalid', `${path} is not a genesis file`, { hint: 'make one: utnet chain genesis -o genesis.json', cause })
  }
  throw new UtnetError('chain_invalid', `${path} names another chain id than its genesis has`)
}

/** Adds a chain to those that this user trusts. */
export function trustChain(genesis: Uint8Array): string {
  const file = genesisFile(genesis)
  makeFolder(trustFolder(), 0o700)
  const path = join(trustFolder(), file.chainId)
  if (!existsSync(path)) writeDurably(path, `${JSON.stringify(file)}\n`)
  chmodSync(path, 0o600)
  return file.chainId
}

/** Takes a chain out of those that this user trusts. */
export function distrustChain(chainId: string): void {
  rmSync(join(trustFolder(), chainId), { force: true })
}

/** The chains that this user trusts. */
export function trustedChains(): Genesis[] {
  let names: string[]
  try {
    names = readdirSync(trustFolder())
  } catch {
    return []
  }
  return names.filter((name) => /^b[a-z2-7]+$/.test(name)).map((name) => decodeGenesis(readGenesisFile(join(trustFolder(), name))))
}
