import { describe, expect, test } from 'vitest'
import type { NewChange, Told } from '../../src/events/change.ts'
import { createOverlay, type Overlaid, type Overlay } from '../../src/events/overlay.ts'
import type { Page } from '../../src/iam/model.ts'

interface Row {
  readonly userName: string
  readonly id: string
  readonly status: string
  readonly since?: Date
}

const rows: Overlaid<Row> = {
  kind: 'Key',
  idOf: row => row.id,
  isNewer: ({ since }, { changedAt }) => since !== undefined && since > changedAt,
}

describe('a change that was told', () => {
  test('goes before what is listed, in a copy: the page stays as IAM gave it', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Inactive' }))
    const page = pageOf(ann('k1', 'Active'), ann('k2', 'Active'))
    const asListed = structuredClone(page)
    const shown = overlay.asking(rows)(page)
    expect(shown).toEqual({ items: [ann('k1', 'Inactive'), ann('k2', 'Active')], marker: 'next' })
    expect(shown.items[1]).toBe(page.items[1])
    expect(page).toEqual(asListed)
  })

  test('leaves a page that it does not change the very same', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Inactive' }))
    for (const page of [pageOf(), pageOf(ann('k1', 'Inactive')), pageOf(ann('k2', 'Active'))]) {
      expect(overlay.asking(rows)(page)).toBe(page)
    }
  })

  test('invents no row that the List does not return', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Active' }))
    expect(list(overlay)).toEqual([])
  })

  test('hides the row where it is a deletion', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: undefined }))
    expect(overlay.asking(rows)(pageOf(ann('k1', 'Active'), ann('k2', 'Active')))).toEqual(pageOf(ann('k2', 'Active')))
  })

  test('is of its user alone, whatever the case of the name, and of its kind', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ userName: 'ANN', status: 'Inactive' }))
    overlay.told(change({ kind: 'Other', credentialId: 'k2', status: 'Inactive' }))
    const ben = { ...ann('k1', 'Active'), userName: 'Ben' }
    expect(list(overlay, ann('k1', 'Active'), ben, ann('k2', 'Active'))).toEqual([
      ann('k1', 'Inactive'),
      ben,
      ann('k2', 'Active'),
    ])
  })

  test('touches nothing where it is superseded', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Inactive', superseded: true }))
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Active')])
    overlay.told(change({ status: 'Inactive' }))
    overlay.told(change({ status: undefined, superseded: true }))
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Inactive')])
  })

  test('does not go before a row that is newer', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: undefined, changedAt: new Date(1000) }))
    const again = { ...ann('k1', 'Active'), since: new Date(2000) }
    expect(list(overlay, again)).toEqual([again])
    expect(list(overlay, { ...again, since: new Date(1000) })).toEqual([])
  })
})

describe('a change goes before what is listed until', () => {
  test('something newer of the same credential is told', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Inactive' }))
    overlay.told(change({ status: undefined }))
    expect(list(overlay, ann('k1', 'Active'))).toEqual([])
    overlay.told(change({ status: 'Active' }))
    expect(list(overlay, ann('k1', 'Inactive'))).toEqual([ann('k1', 'Active')])
  })

  test('its window has passed, which begins with each change', () => {
    const { overlay, pass } = startOverlay(100)
    overlay.told(change({ status: 'Inactive' }))
    pass(60)
    overlay.told(change({ credentialId: 'k2', status: undefined }))
    pass(39.9)
    expect(list(overlay, ann('k1', 'Active'), ann('k2', 'Active'))).toEqual([ann('k1', 'Inactive')])
    pass(1)
    expect(list(overlay, ann('k1', 'Active'), ann('k2', 'Active'))).toEqual([ann('k1', 'Active')])
    pass(60)
    expect(list(overlay, ann('k2', 'Active'))).toEqual([ann('k2', 'Active')])
  })

  test('a List that was asked later agrees: what that shows next is somebody else’s change', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Inactive' }))
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Inactive')])
    expect(list(overlay, ann('k1', 'Inactive'))).toEqual([ann('k1', 'Inactive')])
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Active')])
  })

  test('but not because a List agrees that was asked before: it proves nothing', () => {
    const { overlay } = startOverlay(1)
    const answered = overlay.asking(rows)
    overlay.told(change({ status: 'Inactive' }))
    expect(answered(pageOf(ann('k1', 'Inactive'))).items).toEqual([ann('k1', 'Inactive')])
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Inactive')])
  })

  test('though a List that was asked before it shows it, too', () => {
    const { overlay } = startOverlay(1)
    const answered = overlay.asking(rows)
    overlay.told(change({ status: 'Inactive' }))
    expect(answered(pageOf(ann('k1', 'Active'))).items).toEqual([ann('k1', 'Inactive')])
  })

  test('but a List that was asked before another agreed is still answered with the change', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Inactive' }))
    const answered = overlay.asking(rows)
    list(overlay, ann('k1', 'Inactive'))
    expect(answered(pageOf(ann('k1', 'Active'))).items).toEqual([ann('k1', 'Inactive')])
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Active')])
  })

  test('and what is remembered from before a List agreed is forgotten', () => {
    const { overlay, pass } = startOverlay(100, { cacheTtl: 20 })
    overlay.told(change({ status: 'Inactive' }))
    list(overlay, ann('k1', 'Inactive'))
    pass(10)
    list(overlay, ann('k1', 'Inactive'))
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Inactive')])
    pass(10)
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Active')])
  })

  test.each([
    ['two changes', ['Inactive', 'Active']],
    ['two changes, of which one was told twice', ['Inactive', 'Active', 'Active']],
  ])('but not because a List agrees that may have seen neither of %s', (_what, statuses) => {
    const { overlay, pass } = startOverlay(100)
    for (const status of statuses) overlay.told(change({ status }))
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Active')])
    expect(list(overlay, ann('k1', 'Inactive'))).toEqual([ann('k1', 'Active')])
    pass(100)
    expect(list(overlay, ann('k1', 'Inactive'))).toEqual([ann('k1', 'Inactive')])
  })

  test('a List agrees, also where the change was told twice, or an earlier one was seen', () => {
    const { overlay } = startOverlay(1)
    overlay.told(change({ status: 'Inactive' }))
    overlay.told(change({ status: 'Inactive' }))
    list(overlay, ann('k1', 'Inactive'))
    expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Active')])
    overlay.told(change({ status: 'Inactive' }))
    list(overlay, ann('k1', 'Inactive'))
    overlay.told(change({ status: 'Active' }))
    list(overlay, ann('k1', 'Active'))
    expect(list(overlay, ann('k1', 'Inactive'))).toEqual([ann('k1', 'Inactive')])
  })
})

test('a window of 0 shows what is listed', () => {
  const { overlay } = startOverlay(0)
  overlay.told(change({ status: 'Inactive' }))
  expect(list(overlay, ann('k1', 'Active'))).toEqual([ann('k1', 'Active')])
})

test('an overlay is empty until a change is told, and once the windows of all have passed', () => {
  const { overlay, pass } = startOverlay(10)
  const seen = [overlay.isEmpty]
  overlay.told(change({ credentialId: 'k1' }))
  pass(6)
  overlay.told(change({ credentialId: 'k2' }))
  seen.push(overlay.isEmpty)
  pass(6)
  seen.push(overlay.isEmpty)
  pass(6)
  seen.push(overlay.isEmpty)
  expect(seen).toEqual([true, false, false, true])
})

test('no more changes are held than the capacity: those told longest ago go first', () => {
  const overlay = createOverlay({ window: 1, capacity: 2, now: () => 0 })
  for (const credentialId of ['k1', 'k2', 'k1', 'k3']) overlay.told(change({ credentialId, status: 'Inactive' }))
  const listed = ['k1', 'k2', 'k3'].map(id => ann(id, 'Active'))
  expect(list(overlay, ...listed).map(({ status }) => status)).toEqual(['Inactive', 'Active', 'Inactive'])
})

/** What is shown of a List that is asked now. */
function list(overlay: Overlay, ...items: Row[]): readonly Row[] {
  return overlay.asking(rows)(pageOf(...items)).items
}

/** Nothing happens at the same time as anything else: each look at the clock is a moment after the last. */
function startOverlay(window: number, options: { readonly cacheTtl?: number } = {}) {
  let time = 5_000
  const now = () => {
    time += 1e-6
    return time
  }
  return {
    overlay: createOverlay({ window, now, ...options }),
    pass(milliseconds: number) {
      time += milliseconds
    },
  }
}

function pageOf(...items: Row[]): Page<Row> {
  return { items, marker: 'next' }
}

function ann(id: string, status: string): Row {
  return { userName: 'Ann', id, status }
}

function change(of: Partial<Told<NewChange>>): Told<NewChange> {
  return {
    kind: 'Key',
    userName: 'Ann',
    credentialId: 'k1',
    previousStatus: undefined,
    status: undefined,
    changedAt: new Date(0),
    changedBy: undefined,
    source: 'GATEWAY',
    call: undefined,
    id: 'id',
    superseded: false,
    ...of,
  }
}
