import * as host from './raw/host-events'
import { CborWriter } from './cbor'

/** Emits an instance of an `@event` class: its name, and its public fields as a canonical dag-cbor map. */
export function emit<T>(event: T): void {
  const writer = new CborWriter()
  // the build adds `encodeEvent` to every class marked `@event`
  // @ts-ignore: generated
  if (!isDefined(event.encodeEvent)) ERROR('emit takes an instance of a class marked @event')
  // @ts-ignore: generated
  event.encodeEvent<CborWriter>(writer)
  host.emit(nameof<T>(), writer.finish())
}
