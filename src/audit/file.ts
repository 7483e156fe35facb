import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import type { Sink } from './sink.ts'

export interface FileSinkOptions {
  readonly path: string
  /** In milliseconds. */
  readonly now: () => number
}

/**
 * Lines at the end of a file, each by one `write` with O_APPEND, so that several processes may share it. Moved away or
 * deleted, as logs are when they are rotated, it is made anew; what failed is opened anew by the next line.
 */
export function createFileSink({ path, now }: FileSinkOptions): Sink {
  let file: OpenFile | undefined
  let lookedAt = 0
  /** Ends with a part of a line: the next begins on a line of its own. */
  let torn: bigint | undefined

  async function current(isLasting: boolean): Promise<OpenFile> {
    const at = now()
    if (file && (isLasting || Math.abs(at - lookedAt) >= lookEvery)) {
      lookedAt = at
      if (!(await isAt(path, file))) await letGo()
    }
    file ??= await openAt(path)
    return file
  }

  async function letGo(): Promise<void> {
    const left = file
    file = undefined
    await left?.handle.close()
  }

  return {
    async open() {
      const { mode, isRegular } = await current(false)
      return isRegular ? mode : undefined
    },
    async write(line, { isLasting }) {
      try {
        const { handle, inode, isRegular } = await current(isLasting)
        const bytes = Buffer.from(torn === inode ? `\n${line}` : line)
        const { bytesWritten } = await handle.write(bytes)
        if (bytesWritten < bytes.length) {
          torn = inode
          throw new Error(`expected to write ${bytes.length} bytes, got ${bytesWritten} written`)
        }
        torn = undefined
        if (isLasting && isRegular) await handle.datasync()
      } catch (error) {
        // Whatever is wrong with it may be mended by another of the same name. That it cannot even be closed says nothing.
        await letGo().catch(() => undefined)
        throw error
      }
    },
    close: letGo,
  }
}

/** How often a line that need not last looks whether the file is still there, in milliseconds. */
const lookEvery = 1_000

interface OpenFile {
  readonly handle: FileHandle
  readonly device: bigint
  readonly inode: bigint
  readonly isRegular: boolean
  /** Its permissions. */
  readonly mode: number
}

async function openAt(path: string): Promise<OpenFile> {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants
  // Of a pipe that nobody reads it is said at once, and does not hold a thread.
  const handle = await open(path, O_APPEND | O_CREAT | O_NONBLOCK | O_WRONLY, 0o600)
  try {
    const stats = await handle.stat({ bigint: true })
    const { dev: device, ino: inode } = stats
    return { handle, device, inode, isRegular: stats.isFile(), mode: Number(stats.mode & 0o777n) }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function isAt(path: string, { device, inode }: OpenFile): Promise<boolean> {
  try {
    const { dev, ino } = await stat(path, { bigint: true })
    return dev === device && ino === inode
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}
