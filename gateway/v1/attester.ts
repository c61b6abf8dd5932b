/** `/v1/attester`: certificates for TPMs of other machines, in two requests. */
import { z } from 'zod'
import { bytes, json, route, type Route, type RouteKit } from '../http/index.ts'
import { BYTES_TYPE, CBOR_TYPE } from '../wire/index.ts'
import { answers } from './fields.ts'
import { challenge } from './schemas.ts'

/** Routes of an attester; a node that is none refuses with `chip_enrolment`. */
export function attesterRoutes({ node, page }: RouteKit): readonly Route[] {
  const attest = route({
    method: 'post',
    path: '/v1/attester/challenges',
    id: 'attestChip',
    summary:
      'A TPM asks for the certificate of its chip: the request in canonical dag-cbor (docs/spec/chips.md). The answer is a credential for that TPM and key. So many wait at a time, and so many begin in a minute.',
    body: { kind: 'bytes', types: [CBOR_TYPE], limit: 'enrolmentBytes' },
    guard: page,
    outcomes: [answers(201, 'the challenge', challenge)],
    handle: async ({ body }: { body: Uint8Array }) => json(await node.attest(body), 201),
  })
  const certify = route({
    method: 'post',
    path: '/v1/attester/challenges/{id}',
    id: 'certifyChip',
    summary: 'The secret that the TPM found in the credential; the answer is the certificate in canonical dag-cbor, once.',
    params: z.object({ id: z.string() }),
    body: { kind: 'bytes', types: [BYTES_TYPE], limit: 'enrolmentBytes' },
    guard: page,
    outcomes: [{ status: 200, description: 'the certificate', types: { [CBOR_TYPE]: null } }],
    handle: async ({ params, body }: { params: { id: string }; body: Uint8Array }) => bytes(CBOR_TYPE, await node.certify(params.id, body)),
  })
  return [attest, certify]
}
