/**
 * Components out of public npm packages. The tools in them are components written in Rust that were taken apart for Node; their core module, its
 * interface and the adapter put together again are the component.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { componentEmbed, componentNew } from '@bytecodealliance/jco'

const module = (path: string): Uint8Array =>
  readFileSync(fileURLToPath(new URL(`../../node_modules/@bytecodealliance/${path}`, import.meta.url)))

async function again(core: string, wit: string, world: string): Promise<Uint8Array> {
  const embedded = await componentEmbed({ binary: module(core), witSource: wit, world, stringEncoding: 'utf8' } as never)
  return new Uint8Array(await componentNew(embedded, [['wasi_snapshot_preview1', module('jco/lib/wasi_snapshot_preview1.reactor.wasm')]]))
}

/** wasm-tools as @bytecodealliance/jco ships it: the functions that need no file. */
export const wasmTools = (): Promise<Uint8Array> =>
  again(
    'jco/obj/wasm-tools.core.wasm',
    `package local:wasm-tools;
interface tools {
  parse: func(wat: string) -> result<list<u8>, string>;
  print: func(binary: list<u8>) -> result<string, string>;
  component-wit: func(binary: list<u8>) -> result<string, string>;
  component-new: func(binary: list<u8>, adapters: option<list<tuple<string, list<u8>>>>) -> result<list<u8>, string>;
}
world wasm-tools { export tools; }`,
    'wasm-tools',
  )

/** The code generator of @bytecodealliance/jco. */
export const bindgen = (): Promise<Uint8Array> =>
  again(
    'jco/obj/js-component-bindgen-component.core.wasm',
    `package local:js-component-bindgen;
world js-component-bindgen {
  type files = list<tuple<string, list<u8>>>;
  type maps = list<tuple<string, string>>;
  variant instantiation-mode { %async, sync }
  variant wit { source(string), binary(list<u8>), path(string) }
  variant enabled-feature-set { %list(list<string>), all }
  record async-imports-exports { imports: list<string>, exports: list<string> }
  variant async-mode { sync, jspi(async-imports-exports) }
  record type-generation-options {
    wit: wit, %world: option<string>, tla-compat: option<bool>, instantiation: option<instantiation-mode>, %map: option<maps>,
    features: option<enabled-feature-set>, guest: option<bool>, async-mode: option<async-mode>, strict: option<bool>,
  }
  export generate-types: func(name: string, options: type-generation-options) -> result<files, string>;
}`,
    'js-component-bindgen',
  )

/** What @bytecodealliance/componentize-js prepares its engine with. */
export const splicer = (): Promise<Uint8Array> =>
  again(
    'componentize-js/lib/spidermonkey-embedding-splicer.core.wasm',
    `package local:spidermonkey-embedding-splicer;
interface splicer {
  enum features { stdio, clocks, random, http, fetch-event }
  stub-wasi: func(engine: list<u8>, features: list<features>, wit-world: option<string>, wit-path: option<string>, world-name: option<string>)
    -> result<list<u8>, string>;
}
world spidermonkey-embedding-splicer { export splicer; }`,
    'spidermonkey-embedding-splicer',
  )
