/**
 * Calls of other contracts. An author declares what of another contract is used:
 *
 *     declare class Token extends Contract {
 *       transfer(to: string, amount: Amount): void
 *       balance(account: string): Attempt<Amount>
 *     }
 *
 * and the build gives every method its body. A call that fails reverts this one with it, unless the method's type is an `Attempt`.
 */

import { Failure, Reason, call } from './raw/host-contracts'
import { ValueReader, ValueWriter } from './values'

export { Reason }

/** What came of a call that may fail. Of `value` and `error` only the one that `isOk` names may be read. */
export class Attempt<T> {
  constructor(
    private answer: Uint8Array | null,
    private failure: Failure | null,
  ) {}

  get isOk(): bool {
    return this.failure === null
  }

  get value(): T {
    const answer = this.answer
    if (answer === null) throw new Error('the call failed: ' + this.error)
    return read<T>(answer)
  }

  get error(): string {
    const failure = this.failure
    return failure === null ? '' : failure.message
  }

  /** Why it failed. */
  get reason(): Reason {
    const failure = this.failure
    if (failure === null) throw new Error('the call did not fail')
    return <Reason>failure.reason
  }
}

/** The value of an attempt of a method without result: `Attempt<Nothing>`. */
export class Nothing {
  decodeData<R>(reader: R): void {
    // @ts-ignore: the reader of values
    reader.nothing()
  }
}

function read<T>(answer: Uint8Array): T {
  const reader = new ValueReader(answer)
  const value = reader.take<T>()
  if (!reader.isAtEnd) throw new Error('the answer is not of the type that the method declares')
  return value
}

/** Another contract, by its name or address. Its methods are declared in a class of the author's. */
export class Contract {
  private $writer: ValueWriter = new ValueWriter()

  /** `gas`: the most that one call may use; without it, all that is left. */
  constructor(
    readonly $contract: string,
    readonly $gas: u64 = u64.MAX_VALUE,
  ) {}

  // What follows is for the generated bodies only: no export can have such a name.

  $begin(count: i32): void {
    this.$writer = new ValueWriter()
    this.$writer.list(count)
  }

  $put<T>(value: T): void {
    this.$writer.put<T>(value)
  }

  $attempt<T>(name: string): Attempt<T> {
    const result = call(this.$contract, name, this.$writer.finish(), this.$gas)
    return result.isErr ? new Attempt<T>(null, result.err) : new Attempt<T>(result.ok, null)
  }

  $send(name: string): void {
    this.$answer(name)
  }

  $ask<T>(name: string): T {
    return read<T>(this.$answer(name))
  }

  private $answer(name: string): Uint8Array {
    const result = call(this.$contract, name, this.$writer.finish(), this.$gas)
    if (result.isErr) throw new Error(this.$contract + ' ' + name + ': ' + result.err.message)
    return result.ok
  }
}
