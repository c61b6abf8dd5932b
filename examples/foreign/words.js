/** Exports the interface `words`. */
export const words = {
  count: (text) => text.split(/\s+/).filter(Boolean).length,
  reverse: (items) => items.toReversed(),
}
