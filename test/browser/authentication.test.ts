import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { part } from '../part.ts'
import { type AuthenticatedServer, startAuthenticatedServer } from '../server/authenticated-server.ts'
import { aChange } from '../server/change.ts'

const executablePath = part('chromium')

describe.skipIf(executablePath === undefined)('GraphiQL in Chromium, where callers must show a token', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
    })
  })
  afterAll(() => browser?.close())

  test('runs a query by the token in its headers', async () => {
    await using server = await startAuthenticatedServer()
    await using graphiql = await openGraphiQL(browser, server)
    await graphiql.run('Explore')
    await graphiql.shows('UNAUTHENTICATED')
    await graphiql.giveToken(await server.token({ scopes: ['read'] }))
    await graphiql.run('Explore')
    await graphiql.shows('"userName": "alice"')
    expect(graphiql.complaints()).toEqual([])
  })

  test('shows changes by the token in its headers', async () => {
    await using server = await startAuthenticatedServer()
    await using graphiql = await openGraphiQL(browser, server)
    await graphiql.open('Watch')
    await graphiql.giveToken(await server.token({ scopes: ['watch'] }))
    await graphiql.run('Watch')
    await vi.waitUntil(() => server.events.subscribers === 1, { timeout: 10_000 })
    await server.events.publish(aChange({ userName: 'zoe' }))
    await graphiql.shows('"userName": "zoe"')
    expect(graphiql.complaints()).toEqual([])
  })

  test('leaves no token behind in the browser', async () => {
    await using server = await startAuthenticatedServer()
    await using graphiql = await openGraphiQL(browser, server)
    const token = await server.token({ scopes: ['read'] })
    await graphiql.giveToken(token)
    await graphiql.run('Explore')
    await graphiql.shows('"userName": "alice"')
    const kept = await graphiql.page.evaluate(async () => {
      const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? '')
      return [
        location.href,
        document.cookie,
        ...keys.map(key => localStorage.getItem(key)),
        ...Object.values(sessionStorage),
        ...(await indexedDB.databases()).map(({ name }) => name),
      ].join('\n')
    })
    expect(kept).toContain('query Explore')
    expect(kept).not.toContain(token.slice(0, 20))
    expect(kept).not.toContain(token.slice(-20))
  })
})

interface GraphiQL extends AsyncDisposable {
  readonly page: Page
  /** What went wrong in the page, but for what it asked before it had a token. */
  complaints(): readonly string[]
  open(tab: string): Promise<void>
  /** Types the token behind the word Bearer in the tab's headers. */
  giveToken(token: string): Promise<void>
  run(tab: string): Promise<void>
  shows(text: string): Promise<void>
}

async function openGraphiQL(browser: Browser, { url }: AuthenticatedServer): Promise<GraphiQL> {
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(`threw ${error.message}`))
  page.on('console', message => message.type() === 'error' && complaints.push(`logged ${message.text()}`))
  await page.goto(url)
  const runButton = page.getByRole('button', { name: /^(Execute|Stop) (query|operation)/i })
  await runButton.waitFor()
  const open = async (tab: string) => {
    const active = page.locator('.graphiql-tab-active', { hasText: tab })
    if (await active.isVisible()) return
    await page.getByRole('tablist').locator('.graphiql-tab-button').filter({ hasText: tab }).click()
    await active.waitFor()
    await page.waitForFunction(
      name => new RegExp(`(query|mutation|subscription) ${name}\\b`).test(localStorage.getItem('graphiql:query') ?? ''),
      tab,
    )
  }
  return {
    page,
    complaints: () => complaints.filter(text => !/status of 40[13]/.test(text)),
    open,
    async giveToken(token) {
      const editor = page.locator('.graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor')
      await editor.click()
      // It begins on { "authorization": "Bearer " }, on three lines.
      for (const key of ['ControlOrMeta+Home', 'ArrowDown', 'End', 'ArrowLeft']) await page.keyboard.press(key)
      await page.keyboard.insertText(token)
    },
    async run(tab) {
      await open(tab)
      await runButton.click()
    },
    shows: text => page.getByRole('region', { name: 'Result Window' }).filter({ hasText: text }).waitFor(),
    [Symbol.asyncDispose]: () => context.close(),
  }
}
