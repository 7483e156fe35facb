/**
 * Acts once the time has come, in milliseconds since 1970, however far off: Node's timers go no further than
 * 2^31 - 1 ms. What is no time has come already. Gives back how to forget it.
 */
export function at(time: number, act: () => void): () => void {
  let timer: NodeJS.Timeout
  function wait(): void {
    const left = time - Date.now()
    timer = left > 0 ? setTimeout(wait, Math.min(left, longest)) : setTimeout(act)
  }
  wait()
  return () => clearTimeout(timer)
}

const longest = 2 ** 31 - 1
