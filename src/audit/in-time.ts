/** Rejects as the work does, and where it takes longer than so many milliseconds. */
export async function inTime(patience: number, work: Promise<void>): Promise<void> {
  let clock: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    clock = setTimeout(() => reject(new Error(`it took longer than ${patience / 1000} s`)), patience)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(clock)
  }
}
