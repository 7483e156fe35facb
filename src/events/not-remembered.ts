import { GatewayError } from '../gateway-error.ts'

export function lost(): GatewayError {
  return notRemembered('Changes were lost: what remembers them was emptied, replaced, or away for too long.')
}

export function notRemembered(why: string): GatewayError {
  return new GatewayError('CHANGE_NOT_REMEMBERED', `${why} Query the state again, then subscribe.`)
}
