/** Every verb, in the order of the overview. */
import type { Verb } from '../verb.ts'
import { build } from './build.ts'
import { call } from './call.ts'
import { chain } from './chain.ts'
import { deploy } from './deploy.ts'
import { dev } from './dev.ts'
import { guests } from './guests.ts'
import { infer } from './infer.ts'
import { inspect } from './inspect.ts'
import { invoke } from './invoke.ts'
import { keys } from './keys.ts'
import { model } from './model.ts'
import { newProject } from './new.ts'
import { node } from './node.ts'
import { query } from './query.ts'
import { receipt } from './receipt.ts'
import { replay } from './replay.ts'
import { seal } from './seal.ts'
import { test } from './test.ts'
import { verify } from './verify.ts'

export const VERBS: readonly Verb[] = [
  newProject,
  build,
  test,
  dev,
  seal,
  deploy,
  guests,
  query,
  call,
  invoke,
  model,
  infer,
  receipt,
  verify,
  replay,
  inspect,
  keys,
  node,
  chain,
]
