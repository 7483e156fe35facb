import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs'
import { vi } from 'vitest'
import type { Sandbox } from '../../src/sandbox/server.ts'
import { createSqsClient } from '../sandbox/sqs/client.ts'

/** Resolves once nothing is in the queue, and nothing of it in anybody's hands. */
export async function drained(sandbox: Sandbox): Promise<void> {
  const sqs = createSqsClient(sandbox)
  const AttributeNames = [
    'ApproximateNumberOfMessages' as const,
    'ApproximateNumberOfMessagesDelayed' as const,
    'ApproximateNumberOfMessagesNotVisible' as const,
  ]
  const isEmpty = async () => {
    const asked = new GetQueueAttributesCommand({ QueueUrl: sandbox.queueUrl, AttributeNames })
    const { Attributes = {} } = await sqs.send(asked)
    return Object.values(Attributes).every(count => count === '0')
  }
  try {
    await vi.waitUntil(isEmpty, { timeout: 25_000, interval: 50 })
  } finally {
    sqs.destroy()
  }
}
