/** @param {{ head: string[], rows: string[][] }} table Markdown, in columns that also read as plain text. */
export function markdownTable({ head, rows }) {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map(row => row[column].length)))
  const line = cells => `| ${cells.map((cell, column) => padded(cell, widths[column], column)).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n')
}

/** What it is about on the left, figures on the right. */
function padded(cell, width, column) {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

export function ratio(number) {
  return number.toFixed(2)
}

export function percent(share) {
  return `${(share * 100).toFixed(1)} %`
}

export function whole(number) {
  return Number.isInteger(number) ? String(number) : number.toFixed(1)
}
