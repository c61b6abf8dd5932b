/** The status page: rendered on the server, kept live by one small script. */
import { html } from 'hono/html'
import type { ChainView, GuestView, ModelView, NodeInfo } from '../../runtime/core/index.ts'

export interface PageData {
  readonly info: NodeInfo
  readonly chain: ChainView
  /** `ROWS` of them, and one more where there are more. */
  readonly guests: readonly GuestView[]
  readonly models: readonly ModelView[]
}

/** Rows of a table that show at most so many; the API has the rest. */
export const ROWS = 50

/** What the node did about what others anchored, where it looks at all. */
function auditRows({ audit }: NodeInfo) {
  if (audit === null) return ''
  return html`<section aria-labelledby="audit">
    <h2 id="audit">Audit of other nodes</h2>
    <dl>
      <dt>batches looked at, waiting, passed over</dt>
      <dd>${audit.batches}, ${audit.waiting}, ${audit.passedOver}</dd>
      <dt>leaves, runs repeated, leaves asked for</dt>
      <dd>${audit.leaves}, ${audit.runs}, ${audit.demands}</dd>
      <dt>refuted</dt>
      <dd>${audit.refuted}</dd>
      <dt>last found wrong</dt>
      <dd>${audit.last ?? 'nothing'}</dd>
    </dl>
  </section>`
}

/** HTML of the page; every value is escaped. */
export function renderPage({ info, chain, guests, models }: PageData): string {
  const guestRows = guests.slice(0, ROWS).map(
    (g) =>
      html`<tr>
        <td><a href="/v1/guests/${g.name}">${g.name}</a></td>
        <td data-label="world">${g.world}</td>
        <td data-label="module"><code>${g.module}</code></td>
        <td data-label="exports">${g.exports.map((e) => e.name).join(', ')}</td>
      </tr>`,
  )
  const modelRows = models.slice(0, ROWS).map(
    (m) =>
      html`<tr>
        <td><a href="/v1/models/${m.name}">${m.name}</a></td>
        <td data-label="model"><code>${m.model}</code></td>
        <td data-label="devices">${m.devices.join(', ')}</td>
      </tr>`,
  )
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>utnet node</title>
        <link rel="stylesheet" href="/console.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <script src="/console.js" defer></script>
      </head>
      <body>
        <header>
          <h1>utnet</h1>
          <p>${info.version}, protocol ${info.protocol}${info.dev ? ', dev' : ''}: <span id="live" role="status">connecting</span></p>
        </header>
        <main>
          <section aria-labelledby="chain">
            <h2 id="chain">Chain</h2>
            <dl>
              <dt>height</dt>
              <dd id="height">${chain.height}</dd>
              <dt>block</dt>
              <dd><code id="hash">${chain.hash}</code></dd>
              <dt>chain id</dt>
              <dd><code>${chain.chainId}</code></dd>
              <dt>node key</dt>
              <dd><code>${info.nodeKey}</code></dd>
              <dt>validators</dt>
              <dd>${chain.validators}</dd>
              <dt>waiting transactions</dt>
              <dd>${chain.mempool}</dd>
              <dt>base fee per gas</dt>
              <dd>${chain.baseFee}</dd>
            </dl>
          </section>
          <section aria-labelledby="guests">
            <h2 id="guests">Guests (${guests.length > ROWS ? html`the first ${ROWS}; <a href="/v1/guests">more</a>` : guests.length})</h2>
            <table>
              <thead>
                <tr>
                  <th>name</th>
                  <th>world</th>
                  <th>module</th>
                  <th>exports</th>
                </tr>
              </thead>
              <tbody>
                ${guestRows}
              </tbody>
            </table>
          </section>
          <section aria-labelledby="models">
            <h2 id="models">Models (${models.length})</h2>
            <table>
              <thead>
                <tr>
                  <th>name</th>
                  <th>model</th>
                  <th>devices</th>
                </tr>
              </thead>
              <tbody>
                ${modelRows}
              </tbody>
            </table>
          </section>
          ${auditRows(info)}
          <section aria-labelledby="recent">
            <h2 id="recent">Receipts</h2>
            <p>Made since this page was opened.</p>
            <table>
              <thead>
                <tr>
                  <th>receipt</th>
                  <th>kind</th>
                  <th>status</th>
                  <th>gas</th>
                  <th>anchor</th>
                </tr>
              </thead>
              <tbody id="receipts"></tbody>
            </table>
          </section>
        </main>
        <footer><a href="/openapi.json">openapi.json</a> <a href="/metrics">metrics</a></footer>
      </body>
    </html> `
  return String(page)
}
