import { createHash } from 'node:crypto'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiQLOptions } from 'graphql-yoga'
import { type Example, exampleTabs } from './example-tab.ts'

export interface GraphiQLSettings {
  /** Says in the page, in a few words, whom its mutations act on. */
  readonly title: string
  /** Tells targets apart: what the browser keeps the page's tabs under. */
  readonly target: string
  readonly example: Example | undefined
}

export interface GraphiQL {
  readonly options: GraphiQLOptions
  /** One for all who are sent it: nine megabytes for each who does not read it would be anybody's to take. */
  readonly page: Uint8Array<ArrayBuffer>
  /** What the page may do, to whomever it is shown that asked the gateway under this name. */
  policy(host: string): string
}

/**
 * One page with everything in it: no other host is asked for anything. Nine megabytes, so it is put together once.
 * @param needsToken the page is shown to anybody, and asks by a token that is typed into its headers
 */
export function createGraphiQL(settings: GraphiQLSettings, needsToken = false): GraphiQL {
  const { title, target, example } = needsToken ? ofNobody : settings
  const options: GraphiQLOptions = {
    title,
    // Of a WebSocket the page would tell the gateway no token.
    subscriptionsProtocol: needsToken ? 'SSE' : 'WS',
    method: 'POST',
    // They hold tokens, and the browser's storage is no place for these.
    shouldPersistHeaders: false,
    ...(needsToken && { defaultEditorToolsVisibility: 'headers', headers: tokenHeader }),
    defaultTabs: exampleTabs(example).map(tab => ({ ...tab, ...(needsToken && { headers: tokenHeader }) })),
  }
  let rendered: { readonly page: Uint8Array<ArrayBuffer>; readonly hashes: readonly string[] } | undefined

  function render() {
    if (rendered) return rendered
    const page = renderGraphiQL(options).replace('</head>', () => `${storageOf(target)}${tabsStayInPlace}</head>`)
    rendered = { page: Buffer.from(page), hashes: scriptHashes(page) }
    return rendered
  }

  return {
    options,
    get page() {
      return render().page
    },
    policy(host) {
      return [
        "default-src 'none'",
        `script-src ${render().hashes.join(' ')}`,
        'worker-src blob: data:',
        "style-src 'unsafe-inline'",
        'img-src data: blob:',
        'font-src data:',
        // Older browsers do not count a WebSocket as 'self'.
        `connect-src 'self'${needsToken ? '' : ` ws://${host} wss://${host}`}`,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join('; ')
    },
  }
}

/** Until somebody has shown a token, the page says nothing of the account. */
const ofNobody: GraphiQLSettings = { title: 'iam-graphql-gateway', target: 'by token', example: undefined }

const tokenHeader = '{\n  "authorization": "Bearer "\n}'

/** https://www.w3.org/TR/CSP3/#match-element-to-source-list */
function scriptHashes(page: string): string[] {
  return [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  )
}

/**
 * GraphiQL lets a tab move as soon as it has the focus, and thinks of every default tab but the last as moved: the first
 * click on one made it jump away from under the pointer, and did nothing (seen in Chromium).
 */
const tabsStayInPlace = '<style>.graphiql-tab { transform: none !important }</style>'

/**
 * GraphiQL keeps tabs in the browser, by origin. `npm start` and `npm run serve` have the same one, and the sandbox's
 * mutations, filled in and ready to run, must not come up before a real account. So each target has a storage of its own.
 */
function storageOf(target: string): string {
  const prefix = JSON.stringify(`${target} `).replaceAll('<', '\\u003c')
  return `<script>(() => {
    const whole = window.localStorage
    const prefix = ${prefix}
    const keys = () => Object.keys(whole).filter(key => key.startsWith(prefix))
    const own = {
      getItem: key => whole.getItem(prefix + key),
      setItem: (key, value) => whole.setItem(prefix + key, value),
      removeItem: key => whole.removeItem(prefix + key),
      clear: () => keys().forEach(key => whole.removeItem(key)),
      key: index => keys()[index]?.slice(prefix.length) ?? null,
      get length() { return keys().length },
    }
    Object.defineProperty(window, 'localStorage', { value: own })
  })()</script>`
}
