/** The SDK's raw layer (guest/sdk/assembly/raw), generated from guest/wit. `write-raw.ts` writes it anew. */

import { readFile } from 'node:fs/promises'
import { loadWit } from '../../wit/index.ts'
import type { WitModel } from '../../wit/index.ts'
import { generateImports } from './generate-imports.ts'
import { sdkLocation } from '../project/index.ts'

const WIT_FILES = ['utnet-host.wit', 'utnet-guest.wit', 'deps/wasi-http@0.2.3.wit']

const MODULES: Readonly<Record<string, string>> = {
  'host-storage': 'utnet:host/storage@0.1.0',
  'host-context': 'utnet:host/context@0.1.0',
  'host-events': 'utnet:host/events@0.1.0',
  'host-crypto': 'utnet:host/crypto@0.1.0',
  'host-contracts': 'utnet:host/contracts@0.1.0',
  'host-inference': 'utnet:host/inference@0.1.0',
  'host-tensor': 'utnet:host/tensor@0.1.0',
  'io-streams': 'wasi:io/streams@0.2.3',
  'http-types': 'wasi:http/types@0.2.3',
}

const SDK_CLASSES = new Map([
  ['dtype', { className: 'Dtype', from: '../tensor-value' }],
  ['tensor', { className: 'Tensor', from: '../tensor-value' }],
  ['named-tensor', { className: 'NamedTensor', from: '../tensor-value' }],
])

/** The WIT packages of guests, host and WASI. */
export async function loadGuestWit(witDir: string = sdkLocation().witDir): Promise<WitModel> {
  const files = WIT_FILES.map(async (source) => ({ source, text: await readFile(`${witDir}/${source}`, 'utf8') }))
  return loadWit(await Promise.all(files))
}

/** File name -> text of each generated module. */
export function rawModules(wit: WitModel): Map<string, string> {
  return new Map(
    Object.entries(MODULES).map(([name, id]) => [`${name}.ts`, generateImports(wit.interface(id), { sdkClasses: SDK_CLASSES })]),
  )
}
