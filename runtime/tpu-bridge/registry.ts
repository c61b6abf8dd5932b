/** Which models the node knows: name -> CID, and per CID what it takes to check and price an inference without loading it. Durable in the kv. */
import type { Cbor, CID, Kv, TensorSpec } from '../core/index.ts'
import { aname, asArray, asCid, asMap, asText, asUint, decode, encode, fromUtf8, parseCid, utf8, UtnetError } from '../core/index.ts'

/** What is known of a model, by CID. */
export interface ModelRecord {
  readonly model: CID
  /** Length of the file. */
  readonly bytes: number
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** Ids of the devices that loaded it when it was put. */
  readonly devices: readonly string[]
}

const NAMES = 'tpu-bridge/name/'
const MODELS = 'tpu-bridge/model/'
const NAMES_END = utf8('tpu-bridge/name0') // '0' follows '/'

export class ModelRegistry {
  readonly #kv: Kv

  constructor(kv: Kv) {
    this.#kv = kv
  }

  /** Registers a model under a name, which from now on means this one; durable when it resolves. The record of a former one stays, by CID. */
  async put(name: string, record: ModelRecord): Promise<void> {
    await this.#kv.commit([
      [utf8(MODELS + record.model.toString()), encodeRecord(record)],
      [utf8(NAMES + aname(name, 'model name')), encode(record.model)],
    ])
  }

  /** The record of a name or CID in text; throws `model_not_found`. */
  get(nameOrCid: string): ModelRecord {
    const record = this.#find(nameOrCid)
    if (record === undefined) {
      throw new UtnetError('model_not_found', `there is no model ${String(nameOrCid).slice(0, 80)}`, {
        hint: 'add one: utnet model add FILE --name NAME',
      })
    }
    return record
  }

  /** Names with their records, in order of name. */
  list(): readonly (readonly [string, ModelRecord])[] {
    const out: (readonly [string, ModelRecord])[] = []
    for (const [key, value] of this.#kv.range(utf8(NAMES), NAMES_END)) {
      const record = this.#record(asCid(decode(value, 'model name entry'), 'model').toString())
      if (record !== undefined) out.push([fromUtf8(key).slice(NAMES.length), record])
    }
    return out
  }

  #find(nameOrCid: string): ModelRecord | undefined {
    if (typeof nameOrCid !== 'string' || nameOrCid.length > 128) return undefined
    const named = this.#kv.get(utf8(NAMES + nameOrCid))
    if (named !== undefined) return this.#record(asCid(decode(named, 'model name entry'), 'model').toString())
    return this.#record(nameOrCid)
  }

  #record(cid: string): ModelRecord | undefined {
    const bytes = this.#kv.get(utf8(MODELS + cid))
    return bytes === undefined ? undefined : decodeRecord(bytes)
  }
}

const specCbor = (s: TensorSpec): Cbor => [s.name, s.dtype, [...s.shape]]

function encodeRecord(r: ModelRecord): Uint8Array {
  return encode({
    model: r.model,
    bytes: r.bytes,
    inputs: r.inputs.map(specCbor),
    outputs: r.outputs.map(specCbor),
    devices: [...r.devices],
  })
}

function decodeRecord(bytes: Uint8Array): ModelRecord {
  const map = asMap(decode(bytes, 'model record'), ['model', 'bytes', 'inputs', 'outputs', 'devices'], 'model record')
  const specs = (value: Cbor | undefined, what: string): TensorSpec[] =>
    asArray(value, what).map((item) => {
      const [name, dtype, shape] = asArray(item, what, 3)
      return {
        name: asText(name, what),
        dtype: asText(dtype, what),
        shape: asArray(shape, what).map((d) => (d === -1 ? -1 : asUint(d, what))),
      }
    })
  return {
    model: parseCid(asCid(map['model'], 'model').toString(), 'model'),
    bytes: asUint(map['bytes'], 'bytes of the model'),
    inputs: specs(map['inputs'], 'inputs'),
    outputs: specs(map['outputs'], 'outputs'),
    devices: asArray(map['devices'], 'devices').map((d) => asText(d, 'device')),
  }
}
