import type { NewChange } from '../change.ts'
import { baseOf, detailOf } from '../change.ts'
import type { Entry, Place } from '../change-store.ts'

/** An entry as the stream has it. */
export interface StreamEntry {
  readonly entry: Entry
  /** The mark of the one before it. */
  readonly behind: string
  /** By Redis's clock, in milliseconds. */
  readonly at: number
}

export interface Message {
  /** `<position>-0` */
  readonly id: string
  readonly message: Readonly<Record<string, string>>
}

/** As the scripts read it, too. */
export function changeText(change: NewChange): string {
  return JSON.stringify({ ...baseOf(change), detail: detailOf(change) })
}

export function readEntry({ id, message }: Message, isOld: (at: number) => boolean): StreamEntry {
  const { epoch = '', mark = '', behind = '', at = '0', of } = message
  const place: Place = { epoch, position: Number.parseInt(id, 10), mark }
  const common = { ...place, isOld: isOld(Number(at)) }
  return { entry: { ...common, ...contentOf(of, message) }, behind, at: Number(at) }
}

type Content<One = Entry> = One extends Entry ? Omit<One, keyof Place | 'isOld'> : never

function contentOf(of: string | undefined, message: Message['message']): Content {
  switch (of) {
    case 'change': {
      const { change = '', superseded, previousStatus } = message
      return { of, change: readChange(change, previousStatus || undefined), superseded: superseded === '1' }
    }
    case 'picture': {
      const users = message['users']
      return { of, kind: message['kind'] ?? '', userNames: users ? (JSON.parse(users) as string[]) : undefined }
    }
    default:
      // Of a version to come, too: what cannot be told is lost to this one.
      return { of: 'loss' }
  }
}

function readChange(text: string, previousStatus: string | undefined): NewChange {
  const { detail, ...base } = JSON.parse(text) as Written
  return {
    ...detail,
    ...base,
    status: base.status,
    changedBy: base.changedBy,
    previousStatus,
    changedAt: new Date(base.changedAt),
    call: base.call && { ...base.call, accessKeyId: base.call.accessKeyId },
  }
}

/** In JSON what is undefined is left out, and a date is text. */
type Written = Omit<NewChange, 'changedAt'> & {
  readonly changedAt: string
  readonly detail: Readonly<Record<string, string>>
}
