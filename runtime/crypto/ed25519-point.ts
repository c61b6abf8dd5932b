import { ed25519_hasher } from '@noble/curves/ed25519.js'

/** Points of edwards25519. Read off the hasher: what checks a signature or a proof needs none of the library's signing, and a bundle then leaves that out. */
export const Point = ed25519_hasher.Point
