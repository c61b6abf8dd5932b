/** `GET /ipfs/{cid}[/path]`: blocks, CARs and files by content (IPFS Trustless Gateway; `format` wins over Accept as IPIP-0523 has it). */
import { UtnetError, type CarScope, type NodeApi } from '../../runtime/core/index.ts'
import { negotiate, problem, respond, type GatewayContext } from '../http/index.ts'
import { CAR_TYPE, RAW_TYPE } from '../wire/index.ts'
import { byteRange } from './byte-range.ts'

type Format = 'raw' | 'car' | 'file'

const ANY_FILE = '*/*'
const FORMATS: Readonly<Record<string, Format>> = { raw: 'raw', car: 'car', [RAW_TYPE]: 'raw', [CAR_TYPE]: 'car', [ANY_FILE]: 'file' }

/** Which of the three a request asks for; throws `not_acceptable` for a format or CAR version that is not served. */
function formatOf(request: Request, url: URL): Format {
  const accept = request.headers.get('accept')
  const format = url.searchParams.get('format')
  const version =
    url.searchParams.get('car-version') ??
    (accept === null ? null : (/vnd\.ipld\.car\s*;[^,]*version=([^;,\s]+)/.exec(accept)?.[1] ?? null))
  if (format !== null && !Object.hasOwn(FORMATS, format))
    throw new UtnetError('not_acceptable', `format must be raw or car, not ${format.slice(0, 40)}`)
  let chosen = format === null ? undefined : FORMATS[format]
  if (chosen === undefined) {
    // A file has the type of its content, so whatever is neither a block nor a CAR asks for the file.
    const named = accept !== null && (accept.includes(RAW_TYPE) || accept.includes(CAR_TYPE))
    chosen = named ? (FORMATS[negotiate(accept, [ANY_FILE, RAW_TYPE, CAR_TYPE])] ?? 'file') : 'file'
  }
  if (chosen === 'car' && version !== null && version !== '1')
    throw new UtnetError('not_acceptable', `CAR version ${version.slice(0, 8)} is not served, only 1`)
  return chosen
}

/** True where one block is asked for: it is small, and nothing is put together. */
export const asksForBlock = (request: Request): boolean => formatOf(request, new URL(request.url)) === 'raw'

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new UtnetError('request_invalid', 'the path is not percent-encoded UTF-8', { cause })
  }
}

/** Base32 in capitals (multibase prefix `B`), as host names and QR codes have it. */
const CAPITALS = /^B[A-Z2-7]+$/

/** A CID as the store knows it: what is written in capitals is the same bytes. */
const canonical = (cid: string): string => (CAPITALS.test(cid) ? cid.toLowerCase() : cid)

const EXTENSION: Readonly<Record<Format, string>> = { raw: '.bin', car: '.car', file: '' }

const DAG_SCOPES: readonly string[] = ['block', 'entity', 'all'] satisfies CarScope['dag'][]

/** Which part of a DAG a request wants as CAR; throws `request_invalid` for what the specification does not know. */
function scopeOf(query: URLSearchParams): CarScope {
  const dag = query.get('dag-scope') ?? 'all'
  if (!DAG_SCOPES.includes(dag))
    throw new UtnetError('request_invalid', `dag-scope must be one of ${DAG_SCOPES.join(', ')}, not ${dag.slice(0, 40)}`)
  const bytes = query.get('entity-bytes')
  if (bytes === null) return { dag: dag as CarScope['dag'] }
  const match = /^(-?[0-9]{1,15}):(\*|-?[0-9]{1,15})$/.exec(bytes)
  if (match === null)
    throw new UtnetError('request_invalid', `entity-bytes must be FROM:TO, two whole numbers or TO *, not ${bytes.slice(0, 40)}`)
  return { dag: 'entity', bytes: [Number(match[1]), match[2] === '*' ? null : Number(match[2])] }
}

function etag(cid: string, format: Format, scope: CarScope | undefined): string {
  if (scope === undefined) return format === 'raw' ? `"${cid}.raw"` : `"${cid}"`
  // A CAR of the same blocks may hold them in another order: its tag is weak.
  const { dag, bytes } = scope
  return `W/"${cid}.car${dag === 'all' ? '' : `.${dag}`}${bytes === undefined ? '' : `.${bytes[0]}:${bytes[1] ?? '*'}`}"`
}

/** The tags that a condition lists; undefined where it is not set (RFC 9110, 13.1). */
const tagsOf = ({ headers }: Request, condition: 'if-match' | 'if-none-match'): readonly string[] | undefined =>
  headers
    .get(condition)
    ?.split(',')
    .map((tag) => tag.trim())

/** The range that counts: none where the client's part is of other content (RFC 9110, 13.1.5). There are no dates to compare. */
function rangeOf({ headers }: Request, tag: string): string | null {
  const condition = headers.get('if-range')
  return condition === null || condition === tag ? headers.get('range') : null
}

/** The handler of one store. */
export function ipfsHandler(node: NodeApi): (c: GatewayContext) => Promise<Response> {
  return async (c) => {
    const request = c.req.raw
    const url = new URL(request.url)
    const [cid = '', ...segments] = url.pathname.slice('/ipfs/'.length).split('/')
    if (cid === '') throw new UtnetError('route_not_found', 'no content is named: /ipfs/{cid}')
    const path = segments.map(decodePath).join('/')
    const format = formatOf(request, url)
    const scope = format === 'car' ? scopeOf(url.searchParams) : undefined
    const found = await node.ipfs(canonical(cid), path, format, scope)
    const tag = etag(found.cid, format, scope)
    // Compared strongly, and before any other condition (RFC 9110, 13.1.1 and 13.2.2): a weak tag is never the same.
    const wanted = tagsOf(request, 'if-match')
    if (wanted?.some((t) => t === '*' || (t === tag && !t.startsWith('W/'))) === false)
      throw new UtnetError('request_precondition', `the content is ${tag}, which If-Match does not name`, {
        hint: 'ask without If-Match: what a CID names does not change',
      })
    const headers: Record<string, string> = {
      etag: tag,
      'cache-control': 'public, max-age=29030400, immutable',
      'content-security-policy': 'sandbox',
      vary: 'Accept',
      'x-ipfs-path': url.pathname,
      ...(format === 'file' ? {} : { 'content-disposition': `attachment; filename="${found.cid}${EXTENSION[format]}"` }),
      ...(format === 'car' ? {} : { 'accept-ranges': 'bytes' }),
    }
    const known = tagsOf(request, 'if-none-match')?.map((t) => t.replace(/^W\//, ''))
    if (known?.some((t) => t === '*' || t === tag.replace(/^W\//, '')) === true) {
      const { 'content-disposition': _, ...kept } = headers
      return new Response(null, { status: 304, headers: { ...kept, 'x-content-type-options': 'nosniff' } })
    }
    const { contentType: type, body } = found
    const range = format === 'car' ? undefined : byteRange(rangeOf(request, tag), body.length)
    if (range === null) {
      const error = new UtnetError('request_range', `no byte of the range is in the content of ${body.length} bytes`, {
        details: { size: body.length },
      })
      return problem(request, error, { 'content-range': `bytes */${body.length}` })
    }
    if (range !== undefined) {
      // a copy: the whole is not kept while a part of it is sent
      const part = body.slice(range.start, range.end)
      headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${body.length}`
      return respond(request, { status: 206, type, body: part, headers: { ...headers, 'content-length': String(part.length) } })
    }
    return respond(request, { status: 200, type, body, headers: { ...headers, 'content-length': String(body.length) } })
  }
}
