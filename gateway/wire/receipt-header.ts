/** The field `Utnet-Receipt` (RFC 9651): `<cid>;gas=<n>;salt=:<base64>:;att=:<base64>:`, the id being a token. */
import { parseCid, UtnetError, type ReceiptTicket } from '../../runtime/core/index.ts'
import { base64, bytesOfBase64 } from './base64.ts'

export const RECEIPT_HEADER = 'utnet-receipt'

/** The ticket of a field that another thread has written: read when somebody asks for its parts, as most answers never do. */
export class FieldTicket implements ReceiptTicket {
  readonly field: string
  #read: ReceiptTicket | undefined

  constructor(field: string) {
    this.field = field
  }

  get id(): string {
    return this.#parts.id
  }

  get gas(): string {
    return this.#parts.gas
  }

  get salt(): Uint8Array {
    return this.#parts.salt
  }

  get attestation(): Uint8Array {
    return this.#parts.attestation
  }

  get #parts(): ReceiptTicket {
    return (this.#read ??= parseReceipt(this.field))
  }
}

/** The field's value; `att` is left out of an answer that did not wait for its attestation. */
export function formatReceipt(ticket: ReceiptTicket): string {
  if (ticket instanceof FieldTicket) return ticket.field
  const head = `${ticket.id};gas=${ticket.gas};salt=:${base64(ticket.salt)}:`
  return ticket.attestation.length === 0 ? head : `${head};att=:${base64(ticket.attestation)}:`
}

/** A byte sequence of RFC 9651 section 3.3.5. */
export function parseByteSequence(text: string, what: string): Uint8Array {
  if (text.length < 2 || !text.startsWith(':') || !text.endsWith(':')) {
    throw new UtnetError('request_invalid', `${what} must be a byte sequence between colons (RFC 9651 section 3.3.5)`)
  }
  return bytesOfBase64(text.slice(1, -1), what)
}

/** The ticket of a field value; throws `receipt_invalid`. Unknown parameters are ignored, as RFC 9651 asks. */
export function parseReceipt(text: string): ReceiptTicket {
  try {
    const [item = '', ...parameters] = text.split(';').map((part) => part.trim())
    const values = new Map(parameters.map((p) => [p.slice(0, p.indexOf('=')), p.slice(p.indexOf('=') + 1)]))
    const gas = values.get('gas') ?? ''
    if (!/^(0|[1-9][0-9]{0,19})$/.test(gas)) throw new UtnetError('receipt_invalid', 'gas must be an unsigned integer')
    const att = values.get('att')
    return {
      id: parseCid(item, 'receipt id').toString(),
      gas,
      salt: parseByteSequence(values.get('salt') ?? '', 'salt'),
      attestation: att === undefined ? new Uint8Array(0) : parseByteSequence(att, 'att'),
    }
  } catch (cause) {
    throw new UtnetError('receipt_invalid', `Utnet-Receipt cannot be read: ${cause instanceof Error ? cause.message : ''}`, { cause })
  }
}
