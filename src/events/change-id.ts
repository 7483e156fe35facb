import type { Place } from './change-store.ts'

/** Opaque to clients, the same on every instance. */
export function changeId({ epoch, position, mark }: Place): string {
  return `${epoch}.${position}.${mark}`
}

/** Undefined where no gateway gave it out. */
export function parseChangeId(id: string): Place | undefined {
  const [, epoch, position, mark] = /^([\w-]{1,40})\.(\d{1,15})\.([\w-]{1,40})$/.exec(id) ?? []
  if (epoch === undefined || mark === undefined) return undefined
  return { epoch, position: Number(position), mark }
}
