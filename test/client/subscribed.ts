import { vi } from 'vitest'
import type { ChangeLog } from '../../src/events/change-log.ts'

/** Resolves once somebody subscribes: what is published from then on reaches them. */
export function subscribed(events: ChangeLog): Promise<void> {
  return new Promise(resolve => {
    const subscribe = events.subscribe
    const spy = vi.spyOn(events, 'subscribe').mockImplementation(options => {
      spy.mockRestore()
      resolve()
      return subscribe(options)
    })
  })
}
