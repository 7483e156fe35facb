import type { Listed, Overlaid, Overlay } from '../events/overlay.ts'
import type { Page } from '../iam/model.ts'

/** How pages of a list are had: from IAM, or out of what is remembered. */
export interface Pages<Request, Row> {
  readonly list: (request: Request) => Promise<Page<Row>>
  readonly recall: (request: Request) => Page<Row> | undefined
}

/**
 * The same pages, under the changes that were told. The overlay is asked before the page is had: it lets go of what was
 * remembered under changes that are held no longer, and must know what was asked before a change.
 */
export function underOverlay<Request, Row extends Listed>(
  overlay: Overlay,
  rows: Overlaid<Row>,
  pages: Pages<Request, Row>,
): Pages<Request, Row> {
  return {
    async list(request) {
      const shown = overlay.asking(rows)
      return shown(await pages.list(request))
    },
    recall(request) {
      const shown = overlay.asking(rows)
      const page = pages.recall(request)
      return page && shown(page)
    },
  }
}
