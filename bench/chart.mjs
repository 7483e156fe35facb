/**
 * Bars of numbers beside each other, group by group, as SVG that reads on a light page and on a dark one.
 *
 * @param {{ title: string, unit: string, bars: { name: string, value: number, label: string }[] }[]} groups
 */
export function drawChart(groups) {
  const parts = []
  let top = margin
  for (const { title, unit, bars } of groups) {
    parts.push(text(margin, top + 14, `${title} <tspan class="unit">(${escaped(unit)})</tspan>`, 'title'))
    top += 26
    const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
    for (const { name, value, label } of bars) {
      const length = Math.max(1, (value / most) * longest)
      const kind = name === 'this gateway' ? 'own' : 'other'
      parts.push(text(margin + names - 8, top + 13, escaped(name), 'name'))
      parts.push(
        `<rect class="${kind}" x="${margin + names}" y="${top + 2}" width="${length.toFixed(1)}" height="15" />`,
      )
      parts.push(text(margin + names + length + 6, top + 13, escaped(label), 'label'))
      top += 20
    }
    top += 20
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">
<title>What the gateway costs beside the others</title>
<style>${style}</style>
${parts.join('\n')}
</svg>
`
}

const margin = 16
const names = 210
const longest = 400
const width = 760

const style = `
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600 }
.unit { font-weight: 400; fill: #59636e }
.name { text-anchor: end }
.own { fill: #1a7f37 }
.other { fill: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .unit { fill: #9198a1 }
  .own { fill: #3fb950 }
  .other { fill: #6e7681 }
}
`

function text(x, y, content, kind) {
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}">${content}</text>`
}

function escaped(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
