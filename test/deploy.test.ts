import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { recordedApis } from '../src/events/record.ts'
import { part } from './part.ts'

const path = fileURLToPath(new URL('../deploy/change-feed.yaml', import.meta.url))
const template = await readFile(path, 'utf8')
const cfnLint = part('cfn-lint')

test.skipIf(!cfnLint)(
  'cfn-lint has nothing to say of the template, not even for information',
  async () => {
    const lint = promisify(execFile)(cfnLint ?? '', ['--include-checks', 'I', '--regions', 'us-east-1', '--', path])
    await expect(lint).resolves.toMatchObject({ stdout: '' })
  },
  60_000,
)

describe('the template', () => {
  test('lets through the APIs whose records are read, and no other', () => {
    expect(listUnder('eventName')).toEqual(recordedApis())
  })

  test('lets the gateway do what the feed does, and no more', () => {
    expect(listUnder('Action')).toEqual(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'])
  })

  test('says that without a trail EventBridge stays silent, before and after it is deployed', () => {
    const [, description = ''] = /^Description: >-\n((?: {2}.*\n)+)/m.exec(template) ?? []
    expect(description.replace(/\s+/g, ' ')).toMatch(/CloudTrail trail that logs write management events.*silent/)
    expect(template.slice(0, template.indexOf('AWSTemplateFormatVersion'))).toContain('CloudTrail trail')
  })
})

/** The items of the block list that follows this key. */
function listUnder(key: string): string[] {
  const [, list = ''] = new RegExp(`^ *${key}:\\n((?: *- .*\\n)+)`, 'm').exec(template) ?? []
  return [...list.matchAll(/- (.*)/g)].map(([, item = '']) => item)
}
