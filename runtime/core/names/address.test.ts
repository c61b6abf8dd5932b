import fc from 'fast-check'
import { expect, test } from 'vitest'
import { amountBytes, aname, bytesAmount, contractAddress, formatAddress, formatKey, keyAddress, parseAddress, parseKey } from '../index.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('addresses and keys survive their text form; one changed character is refused', () => {
  fc.assert(
    fc.property(key, fc.nat(), (k, at) => {
      const address = keyAddress(k)
      const text = formatAddress(address)
      expect(text).toMatch(/^ut1[a-z0-9]{38}$/)
      expect(parseAddress(text)).toEqual(address)
      const i = 3 + (at % 38)
      const wrong = `${text.slice(0, i)}${text[i] === 'q' ? 'p' : 'q'}${text.slice(i + 1)}`
      expect(() => parseAddress(wrong)).toThrowError(/address/)
      expect(parseKey(formatKey(k))).toEqual(k)
    }),
  )
})

test('a contract address depends on deployer and nonce and is no key address', () => {
  const deployer = new Uint8Array(20)
  expect(contractAddress(deployer, 0)).not.toEqual(contractAddress(deployer, 1))
  expect(contractAddress(deployer, 0)).toHaveLength(20)
})

test('amounts are canonical bytes', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (n) => {
      expect(bytesAmount(amountBytes(n))).toBe(n)
    }),
  )
  expect(() => amountBytes(-1n)).toThrowError(/128/)
  expect(() => amountBytes(2n ** 128n)).toThrowError(/128/)
  expect(() => bytesAmount(Uint8Array.of(0, 1))).toThrowError(/leading/)
  expect(() => bytesAmount(new Uint8Array(17).fill(1))).toThrowError(/16/)
})

test.each(['', 'A', '1a', 'a_b', '-a', 'a'.repeat(64), 'a.b', 'a/b', 7])('refuses %j as a name', (name) => {
  expect(() => aname(name)).toThrowError(/name/)
})
test.each(['a', 'a-b-1', 'a'.repeat(63)])('takes %j as a name', (name) => expect(aname(name)).toBe(name))
