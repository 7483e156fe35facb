import { randomUUID } from 'node:crypto'

export interface Queue {
  /** The message is there so many milliseconds later. */
  send(body: string, delay: number): void
  /** What is there, or comes first before the time is up or it is over. Times are in milliseconds. */
  receive(asked: Asked, over: AbortSignal): Promise<readonly ReceivedMessage[]>
  delete(messageId: string): void
  counts(): Counts
  /** From now on; what is left out stays. */
  set(behaviour: Partial<QueueBehaviour>): void
  readonly visibilityTimeout: number
}

export interface Asked {
  readonly most: number
  readonly wait: number
  /** How long nobody else is given them. */
  readonly visibilityTimeout: number
}

export interface ReceivedMessage {
  readonly messageId: string
  readonly body: string
  readonly sent: Date
  readonly firstReceived: Date
  readonly receiveCount: number
}

export interface Counts {
  readonly visible: number
  readonly notVisible: number
  readonly delayed: number
}

/** What a standard queue may do, at will. */
export interface QueueBehaviour {
  /** Nothing is handed out: messages gather. Default false. */
  readonly paused: boolean
  /** The newest is handed out first. Default false. */
  readonly reversed: boolean
  /** How often each message sent from now on comes, though it was deleted each time. Default 1. */
  readonly copies: number
  /** How long a message that was received and not deleted is given to nobody, in milliseconds. Default 30,000, as SQS's. */
  readonly visibilityTimeout: number
}

interface Message {
  readonly messageId: string
  readonly body: string
  readonly sent: Date
  /** This and the next as `performance.now()`. */
  readonly entered: number
  visible: number
  firstReceived: Date | undefined
  receiveCount: number
  /** Left to come. */
  copies: number
}

/** SQS's default: four days. */
export const RETENTION = 4 * 86_400_000

/** So that a queue that nobody reads does not fill the memory: the newest stay. */
const CAPACITY = 100_000

/** A standard queue of SQS in memory. */
export function createQueue(): Queue {
  /** In the order they were sent. */
  const messages = new Map<string, Message>()
  const waiting = new Set<() => void>()
  let behaviour: QueueBehaviour = { paused: false, reversed: false, copies: 1, visibilityTimeout: 30_000 }

  function wake(): void {
    for (const go of [...waiting]) go()
  }

  /** Until there may be something to receive, or so long. */
  function news(within: number, over: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(go, within)
      waiting.add(go)
      over.addEventListener('abort', go)
      function go(): void {
        clearTimeout(timer)
        waiting.delete(go)
        over.removeEventListener('abort', go)
        resolve()
      }
    })
  }

  function forgetOld(): void {
    const oldest = performance.now() - RETENTION
    for (const { messageId, entered } of messages.values()) {
      if (entered >= oldest && messages.size <= CAPACITY) return
      messages.delete(messageId)
    }
  }

  function take({ most, visibilityTimeout }: Asked): ReceivedMessage[] {
    if (behaviour.paused) return []
    const now = performance.now()
    const inOrder = behaviour.reversed ? [...messages.values()].reverse() : messages.values()
    const taken: ReceivedMessage[] = []
    for (const message of inOrder) {
      if (taken.length === most) break
      if (message.visible > now) continue
      message.visible = now + visibilityTimeout
      message.receiveCount += 1
      message.firstReceived ??= new Date()
      const { messageId, body, sent, firstReceived, receiveCount } = message
      taken.push({ messageId, body, sent, firstReceived, receiveCount })
    }
    return taken
  }

  function untilNextVisible(): number {
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    if (behaviour.paused) return next
    for (const { visible } of messages.values()) next = Math.min(next, visible - now)
    return next
  }

  return {
    send(body, delay) {
      const messageId = randomUUID()
      const entered = performance.now() + delay
      const sent = new Date(Date.now() + delay)
      const { copies } = behaviour
      messages.set(messageId, {
        messageId,
        body,
        sent,
        entered,
        visible: entered,
        firstReceived: undefined,
        receiveCount: 0,
        copies,
      })
      forgetOld()
      wake()
    },

    async receive(asked, over) {
      const until = performance.now() + asked.wait
      // What nobody is there to take stays.
      while (!over.aborted) {
        forgetOld()
        const taken = take(asked)
        const left = until - performance.now()
        if (taken.length > 0 || left <= 0) return taken
        await news(Math.min(left, untilNextVisible()), over)
      }
      return []
    },

    delete(messageId) {
      const message = messages.get(messageId)
      if (message === undefined) return
      message.copies -= 1
      message.visible = performance.now()
      if (message.copies <= 0) messages.delete(messageId)
      else wake()
    },

    counts() {
      forgetOld()
      const now = performance.now()
      const counts = { visible: 0, notVisible: 0, delayed: 0 }
      for (const { entered, visible } of messages.values()) {
        counts[entered > now ? 'delayed' : visible > now ? 'notVisible' : 'visible'] += 1
      }
      return counts
    },

    set(change) {
      behaviour = { ...behaviour, ...change }
      wake()
    },

    get visibilityTimeout() {
      return behaviour.visibilityTimeout
    },
  }
}
