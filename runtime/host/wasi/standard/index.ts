/**
 * The standard interfaces that go beyond what a function of ours imports, as WIT, one package a file: WASI 0.2.3 (a test holds it equal to guest/wit/deps),
 * wasi:keyvalue 0.2.0-draft2, wasi:config 0.2.0-rc.1, wasi:logging 0.1.0-draft.
 */
import { CLI_WIT } from './cli.ts'
import { CLOCKS_WIT } from './clocks.ts'
import { CONFIG_WIT } from './config.ts'
import { FILESYSTEM_WIT } from './filesystem.ts'
import { HTTP_WIT } from './http.ts'
import { IO_WIT } from './io.ts'
import { KEYVALUE_WIT } from './keyvalue.ts'
import { LOGGING_WIT } from './logging.ts'
import { SOCKETS_WIT } from './sockets.ts'

/** All of them, each behind those that it uses. */
export const STANDARD_WIT: string = [
  IO_WIT,
  CLOCKS_WIT,
  CLI_WIT,
  FILESYSTEM_WIT,
  SOCKETS_WIT,
  HTTP_WIT,
  KEYVALUE_WIT,
  CONFIG_WIT,
  LOGGING_WIT,
].join('')
