/** Script and style of the status page, served by this node: the page loads nothing from elsewhere and runs nothing inline. */

export const SCRIPT = `'use strict'
const at = (id) => document.getElementById(id)
const receipts = at('receipts')
const rows = new Map()

function cell(row, text, label) {
  const td = document.createElement('td')
  td.textContent = text
  if (label) td.dataset.label = label
  row.append(td)
  return td
}

function addReceipt(receipt) {
  const row = document.createElement('tr')
  const id = cell(row, '')
  const link = document.createElement('a')
  link.href = '/v1/receipts/' + encodeURIComponent(receipt.id)
  link.textContent = receipt.id
  id.append(link)
  cell(row, receipt.kind, 'kind')
  cell(row, receipt.status, 'status')
  cell(row, receipt.gas, 'gas')
  rows.set(receipt.id, cell(row, '', 'anchor'))
  receipts.prepend(row)
  while (receipts.rows.length > 50) receipts.lastElementChild.remove()
  while (rows.size > 500) rows.delete(rows.keys().next().value)
}

const events = new EventSource('/v1/events')
events.onopen = () => { at('live').textContent = 'live' }
events.onerror = () => { at('live').textContent = 'not connected' }
const listen = (type, then) => events.addEventListener(type, (event) => then(JSON.parse(event.data)))
listen('block', (block) => {
  at('height').textContent = block.height
  at('hash').textContent = block.hash
})
listen('receipt', addReceipt)
listen('anchor', (anchor) => {
  const td = rows.get(anchor.id)
  if (td) td.textContent = anchor.height
})
`

export const STYLE = `:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 72rem; padding: 1rem }
header { align-items: baseline; display: flex; gap: 1rem }
a { color: inherit }
h1, h2 { font-weight: 600; margin: 0 }
h2 { font-size: 1.05rem; margin-top: 1.5rem }
dl { display: grid; gap: 0 1rem; grid-template-columns: fit-content(50%) minmax(0, 1fr); margin: .5rem 0 }
dt, th, footer, section p { opacity: .7 }
section p { margin: 0 }
dd { margin: 0 }
code, td:first-child { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
section { overflow-x: auto }
table { border-collapse: collapse; margin-top: .5rem; width: 100% }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); font-weight: inherit; padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top }
footer { margin-top: 2rem }
/* On a narrow screen a row is a list of named lines. */
@media (max-width: 40rem) {
  thead { clip-path: inset(50%); position: absolute }
  tr { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); display: block; padding: .25rem 0 }
  td { border: 0; display: block; padding: 0 }
  td[data-label]::before { content: attr(data-label) ' '; opacity: .7 }
}
`

/** A check mark on paper: what the project gives with every answer. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M3 1h10v14l-2-1-2 1-2-1-2 1-2-1z" fill="#fff" stroke="#223" /><path d="M5 7l2 2 4-4" fill="none" stroke="#0a7" stroke-width="2" /></svg>`
