/** What every refusal over HTTP must be: a problem document (RFC 9457) with its code, naming what was wrong. */
import { expect } from 'vitest'
import { ERRORS, type ErrorCode } from '../../../runtime/core/index.ts'

export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint: string
  readonly [member: string]: unknown
}

/** Reads a refusal and holds it to its form, its code's status, and the words that must stand in its detail. */
export async function refusal(response: Response, code: ErrorCode, ...names: readonly (string | RegExp)[]): Promise<ProblemDocument> {
  const text = await response.text()
  expect(response.headers.get('content-type'), text.slice(0, 300)).toBe('application/problem+json')
  const document = JSON.parse(text) as ProblemDocument
  expect(document).toMatchObject({ code, status: ERRORS[code][1], title: expect.any(String) as string, type: expect.any(String) as string })
  expect(response.status).toBe(ERRORS[code][1])
  expect(document.hint.length).toBeGreaterThan(0)
  for (const name of names) expect(document.detail).toMatch(name)
  return document
}

export const JSON_HEADERS = { 'content-type': 'application/json' }

/** A POST of a JSON document. */
export function postJson(url: string, document: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify(document) })
}
