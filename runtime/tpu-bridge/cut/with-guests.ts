/** A device that runs models with guest operators, too. */
import type { Device } from '../device.ts'
import { allNodes, readModel } from '../graph/index.ts'
import { utf8 } from '../../core/index.ts'
import { CutModel } from './cut-model.ts'
import { GUEST_DOMAIN, isGuestNode, requireGuests, type GuestOperators } from './guest-operators.ts'

/** Weights, and the packed copies that kernels make of them; the file itself stays, too. */
const MEMORY_FACTOR = 3

/**
 * The same device for every model without operators of domain `ai.utnet`; one with such operators is cut at them. Loading throws `operator_unsupported` where a guest is
 * not deployed; pieces are loaded when they first run.
 */
export function withGuests(device: Device, guests: GuestOperators): Device {
  return {
    id: device.id,
    class: device.class,
    arithmetic: device.arithmetic,
    ...(device.place === undefined ? {} : { place: device.place }),
    available: () => device.available(),
    close: () => device.close(),
    async load(bytes, cid) {
      if (!mentions(bytes)) return device.load(bytes, cid)
      const own = new Uint8Array(bytes)
      const model = readModel(own)
      if (![...allNodes(model.graph)].some(isGuestNode)) return device.load(own, cid)
      const cut = new CutModel(device, guests, model, own.length * MEMORY_FACTOR)
      await requireGuests(model, guests)
      return cut
    },
  }
}

const NEEDLE = utf8(GUEST_DOMAIN)

/** Whether the domain's name stands anywhere in the file: most models are not read twice. */
function mentions(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(NEEDLE)
}
