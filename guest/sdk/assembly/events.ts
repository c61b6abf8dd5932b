import * as host from './raw/host-events'
import { CborWriter } from './cbor'

/**
 * What an event is declared by, the build gives it its fields:
 *
 *     declare class Transfer extends Event {
 *       constructor(from: string, to: string, amount: Amount)
 *     }
 */
export class Event {}

/** Emits an event, declared as above or a class marked `@event`: its name, and its public fields as a canonical dag-cbor map. */
export function emit<T>(event: T): void {
  const writer = new CborWriter()
  // the build adds `encodeEvent` to every class marked `@event`
  // @ts-ignore: generated
  if (!isDefined(event.encodeEvent)) ERROR('emit takes an instance of a class marked @event, or declared as one that extends Event')
  // @ts-ignore: generated
  event.encodeEvent<CborWriter>(writer)
  host.emit(nameof<T>(), writer.finish())
}
