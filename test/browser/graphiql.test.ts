import { writeFile } from 'node:fs/promises'
import { UpdateSigningCertificateCommand } from '@aws-sdk/client-iam'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGraphiQL } from '../../src/server/graphiql.ts'
import { disableExample } from '../client/readme-client.ts'
import { subscribed } from '../client/subscribed.ts'
import { startTestGateway, type TestGateway } from '../gateway.ts'
import { part } from '../part.ts'

const executablePath = part('chromium')

/** Renews the README's picture: `UPDATE_SCREENSHOT=1 npx vitest run test/browser`. */
const renewsPicture = process.env['UPDATE_SCREENSHOT'] === '1'

describe.skipIf(executablePath === undefined)('GraphiQL in Chromium', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      ...(executablePath !== undefined && { executablePath }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
        // Whatever the page tries, no other host has an address.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ],
    })
  })
  afterAll(() => browser?.close())

  test('opens on four examples', async () => {
    await using gateway = await startTestGateway('--sandbox-users=20')
    await using graphiql = await openGraphiQL(browser, gateway)
    expect(await graphiql.tabs()).toEqual(['Explore', 'Upload', 'Disable', 'Watch'])
    expect(graphiql.complaints).toEqual([])
  })

  test('shows users with their certificates and credentials', async () => {
    // The result pane holds no more of a long answer than is in view.
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using graphiql = await openGraphiQL(browser, gateway)
    await graphiql.run('Explore')
    await graphiql.shows('"userName": "gateway"')
    await graphiql.shows('"estimated": 23')
    await graphiql.shows('"userName": "alice"')
    await graphiql.shows('"subject": "CN=alice.example.com')
    expect(graphiql.complaints).toEqual([])
  })

  test('opens a tab by the first click on it', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using graphiql = await openGraphiQL(browser, gateway)
    await graphiql.open('Upload')
    await graphiql.open('Disable')
    await graphiql.open('Explore')
    await graphiql.open('Watch')
  })

  test('uploads a certificate, and disables one', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using graphiql = await openGraphiQL(browser, gateway)
    await graphiql.run('Upload')
    await graphiql.shows('"__typename": "UploadSigningCertificatePayload"')
    await graphiql.shows('"userName": "bob"')
    await graphiql.shows('"status": "ACTIVE"')
    await graphiql.run('Disable')
    await graphiql.shows('"__typename": "SetSigningCertificateStatusPayload"')
    await graphiql.shows('"status": "INACTIVE"')
    expect(graphiql.complaints).toEqual([])

    const { data } = await gateway.ask('{ users { nodes { userName signingCertificates { nodes { status } } } } }')
    expect(data.users.nodes).toEqual([
      { userName: 'alice', signingCertificates: { nodes: [{ status: 'INACTIVE' }, { status: 'INACTIVE' }] } },
      { userName: 'bob', signingCertificates: { nodes: [{ status: 'ACTIVE' }] } },
      { userName: 'gateway', signingCertificates: { nodes: [] } },
    ])
  })

  test('shows a change that somebody else makes, as it happens', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using graphiql = await openGraphiQL(browser, gateway)
    const subscription = subscribed(gateway.gateway.events)
    await graphiql.run('Watch')
    await subscription
    await disableExample(gateway)
    await graphiql.shows('"userName": "alice"')
    await graphiql.shows('"previousStatus": "ACTIVE"')
    await graphiql.shows('"status": "INACTIVE"')
    expect(graphiql.complaints).toEqual([])
  })

  test('shows a change that was not made through the gateway, once CloudTrail tells of it', async () => {
    await using gateway = await startTestGateway('--sandbox-users=2', '--sandbox-event-delay=0')
    await using graphiql = await openGraphiQL(browser, gateway)
    const subscription = subscribed(gateway.gateway.events)
    await graphiql.run('Watch')
    await subscription
    const { userName, certificateId } = gateway.sandbox.example ?? {}
    const elsewhere = { UserName: userName, CertificateId: certificateId, Status: 'Inactive' } as const
    await gateway.gateway.iam.sdk.send(new UpdateSigningCertificateCommand(elsewhere))
    await graphiql.shows(`"userName": "${userName}"`)
    await graphiql.shows('"status": "INACTIVE"')
    await graphiql.shows('"source": "CLOUDTRAIL"')
    expect(graphiql.complaints).toEqual([])
  })

  test('keeps what it remembers of one target from another that comes to the same address', async () => {
    const context = await browser.newContext()
    const opened = async (target: string) => {
      const graphiql = createGraphiQL({ title: `GraphiQL of ${target}`, target, example: undefined })
      const page = await context.newPage()
      await page.route('**', route => route.fulfill({ contentType: 'text/html', body: Buffer.from(graphiql.page) }))
      await page.goto('http://127.0.0.1:4000/graphql')
      expect(await page.title()).toBe(`GraphiQL of ${target}`)
      return page
    }
    const sandbox = await opened('sandbox')
    await sandbox.evaluate(() => localStorage.setItem('note', 'filled in'))
    const account = await opened('arn:aws:iam::123456789012:user/x at https://iam.amazonaws.com')
    expect(await account.evaluate(() => localStorage.getItem('note'))).toBeNull()
    const again = await opened('sandbox')
    expect(await again.evaluate(() => localStorage.getItem('note'))).toBe('filled in')
    expect(
      await again.evaluate(() => Array.from({ length: localStorage.length }, (_, n) => localStorage.key(n))),
    ).toContain('note')
    await context.close()
  })

  test('is pictured for the README', async () => {
    // alice comes first then, who has something of everything.
    await using gateway = await startTestGateway('--sandbox-users=2')
    await using graphiql = await openGraphiQL(browser, gateway)
    await graphiql.page.addStyleTag({ content: '.scrollbar { visibility: hidden !important }' })
    await graphiql.page.getByRole('button', { name: 'Hide editor tools' }).click()
    await graphiql.run('Explore')
    await graphiql.shows('"userName": "alice"')
    // The pointer rests where no button shows that it is pointed at.
    await graphiql.page.mouse.move(30, 400)
    const picture = await graphiql.page.screenshot()
    expect(picture.length).toBeLessThan(300_000)
    if (renewsPicture) await writeFile(new URL('../../docs/graphiql.png', import.meta.url), picture)
  })
})

interface GraphiQL extends AsyncDisposable {
  readonly page: Page
  /** What went wrong in the page, and requests that left the gateway's host. */
  readonly complaints: readonly string[]
  tabs(): Promise<string[]>
  open(tab: string): Promise<void>
  run(tab: string): Promise<void>
  /** Waits until the result pane shows the text. */
  shows(text: string): Promise<void>
}

async function openGraphiQL(browser: Browser, { url }: TestGateway): Promise<GraphiQL> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  // Sooner than the test's own time is up, so that a failure says what was waited for.
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const complaints = complaintsOf(page, new URL(url).host)
  await refuseOtherHosts(context, new URL(url).host)
  await page.goto(url)
  const runButton = page.getByRole('button', { name: /^(Execute|Stop) (query|operation)/i })
  await runButton.waitFor()
  const tabButtons = page.getByRole('tablist').locator('.graphiql-tab-button')
  const open = async (tab: string) => {
    const active = page.locator('.graphiql-tab-active', { hasText: tab })
    if (await active.isVisible()) return
    await tabButtons.filter({ hasText: tab }).click()
    await active.waitFor()
    // GraphiQL reads the tab's operation a little later, and stores it then: run before that, it is not found.
    await page.waitForFunction(
      name => new RegExp(`(query|mutation|subscription) ${name}\\b`).test(localStorage.getItem('graphiql:query') ?? ''),
      tab,
    )
  }
  return {
    page,
    complaints,
    tabs: () => tabButtons.allInnerTexts(),
    open,
    async run(tab) {
      await open(tab)
      await runButton.click()
    },
    shows: text => page.getByRole('region', { name: 'Result Window' }).filter({ hasText: text }).waitFor(),
    [Symbol.asyncDispose]: () => context.close(),
  }
}

function complaintsOf(page: Page, host: string): string[] {
  const complaints: string[] = []
  const seen = (url: string) => isElsewhere(url, host) && complaints.push(`asked ${url}`)
  page.on('request', request => seen(request.url()))
  page.on('websocket', socket => seen(socket.url()))
  page.on('pageerror', error => complaints.push(`threw ${error.message}`))
  page.on('console', message => message.type() === 'error' && complaints.push(`logged ${message.text()}`))
  return complaints
}

async function refuseOtherHosts(context: BrowserContext, host: string): Promise<void> {
  await context.route(
    url => isElsewhere(url.href, host),
    route => route.abort(),
  )
}

/** What a page keeps in itself (blob:, data:) goes nowhere; an unknown scheme might. */
function isElsewhere(url: string, host: string): boolean {
  return !/^(blob|data):/.test(url) && new URL(url).host !== host
}
