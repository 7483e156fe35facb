import type { NewChange } from './change.ts'

/** What the instances of a gateway share: one order of changes, and what they know of the credentials behind them. */
export interface ChangeStore {
  /**
   * Offers a change. Whether it was told before, whether it is superseded, what it does to the picture, and its place
   * in the order are one step: of two instances that offer the same change one tells it. Rejects with StoreAway where
   * the store is not to be had; offered again then, it is told once.
   */
  tell(change: NewChange, how?: Offer): Promise<Telling>
  /** Says to every subscriber of every instance that changes were lost. Rejects with StoreAway. */
  tellLoss(): Promise<void>
  /**
   * Fills the follower with what is remembered and then, in the store's order, with all that is told, whoever tells
   * it. Resolves once it is filled, or the store found to be away; it is then filled later. To be called once.
   */
  follow(follower: Follower): Promise<void>
  /**
   * The credentials of a kind as they were last known, by IAM's lists and what was told since; of one user, or where
   * none is named of everybody. Undefined: no picture was taken of them. Rejects with StoreAway.
   */
  pictureOf(kind: string, userName: string | undefined): Promise<readonly Pictured[] | undefined>
  /**
   * Takes the rows for the picture of these users, or of everybody, in place of the one before, and tells nobody; who
   * resumes from an id before it learns that its changes are not known. Rejects with StoreAway.
   */
  takePicture(picture: Picture): Promise<'taken' | 'moved'>
  /** Whether the holder has the one lease, from now on for so long. Its holder prolongs it. Rejects with StoreAway. */
  lease(holder: string, milliseconds: number): Promise<boolean>
  /** Gives the lease back, where the holder has it. Rejects with StoreAway. */
  release(holder: string): Promise<void>
  /** What the subscribers of an instance watch, for so long unless said again. Rejects with StoreAway. */
  watch(instance: string, watched: Watched, milliseconds: number): Promise<void>
  /** What the subscribers of all instances watch. Rejects with StoreAway. */
  watchedByAnybody(): Promise<Watched>
  /** Degraded: the store is not to be had, or was not yet. */
  readonly state: StoreState
  close(): Promise<void>
}

export type StoreState = 'ok' | 'degraded'

export interface Offer {
  /** It seems to have changed nothing: told only where something else was known, but what comes later is compared with it. */
  readonly isQuiet?: boolean | undefined
  readonly verdict?: Verdict | undefined
}

/** What became of a change that was offered. */
export type Telling =
  | { readonly outcome: 'told' }
  /** It was told before, by whomever; or it is a quiet one that says nothing new. */
  | { readonly outcome: 'repeated' }
  /** Found by comparison with a picture that is no longer the one that it was compared with. */
  | { readonly outcome: 'moved' }
  /**
   * Another status was told of the credential, and nobody can say which came first: IAM's times are cut to the second.
   * Nothing was told; to be offered again with a verdict.
   */
  | { readonly outcome: 'tied'; readonly with: string; readonly status: string | undefined }

/** Whether a change is the newer one of a tie. It holds no longer than nothing else is told of the credential. */
export interface Verdict {
  readonly with: string
  readonly isNewer: boolean
}

/** A credential as it was last known. */
export interface Pictured {
  readonly userName: string
  readonly credentialId: string
  readonly status: string
  /** What else a change of its kind says, such as a service's name. */
  readonly detail: Readonly<Record<string, string>>
}

export interface Picture {
  readonly kind: string
  /** Undefined: everybody. */
  readonly userNames: readonly string[] | undefined
  /** All credentials of theirs. */
  readonly rows: readonly Pictured[]
  /**
   * The log's latest id before the lists were asked: what was told since goes over the rows. Where the store does not
   * remember it, the answer is `moved` and no picture was taken.
   */
  readonly since: string
}

/** By kind: everybody's credentials, or these users', whose names are folded. */
export type Watched = ReadonlyMap<string, 'all' | ReadonlySet<string>>

/** An instance's own copy of what the store remembers. */
export interface Follower {
  /**
   * What comes next is not what comes behind the entries before: there were none, they were lost before this instance
   * read them, or the store was emptied or replaced. `from` is what the first entry to come stands behind.
   */
  restarted(from: Place): void
  /** The next entry. */
  appended(entry: Entry): void
  /** The entries up to this position are remembered no longer. */
  forgotten(position: number): void
  /** Called when it changes; the error is why the store is away. */
  changedState(state: StoreState, error?: unknown): void
}

/** Where an entry stands: positions are consecutive integers from 1 on. */
export interface Place {
  /** Random; a store that was emptied or replaced has another one. */
  readonly epoch: string
  readonly position: number
  /** Random, so that an entry cannot be taken for another that has its place in a history restored from a backup. */
  readonly mark: string
}

export type Entry = Place & {
  /** Told before this instance began to follow. */
  readonly isOld: boolean
} & (
    | { readonly of: 'change'; readonly change: NewChange; readonly superseded: boolean }
    /** A picture was taken of these users, whose names are folded, or of everybody: changes before it may be missing. */
    | { readonly of: 'picture'; readonly kind: string; readonly userNames: readonly string[] | undefined }
    /** Changes that were made were not told, and never will be. */
    | { readonly of: 'loss' }
  )

/** The store cannot be reached, or does not answer. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway'
}
