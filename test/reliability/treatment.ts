import type { ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { pass, type Treatment } from '../fault-proxy.ts'

/** IAM's own failure; it did nothing. */
export const fail: Treatment = ({ response }) => {
  const error = '<Error><Type>Receiver</Type><Code>ServiceFailure</Code><Message>Not today.</Message></Error>'
  response
    .writeHead(500, { 'content-type': 'text/xml', 'x-amzn-requestid': 'of-the-failure' })
    .end(`<ErrorResponse>${error}<RequestId>of-the-failure</RequestId></ErrorResponse>`)
}

export const refuseWithoutAWord: Treatment = ({ response }) => {
  response.writeHead(503).end()
}

/** The call never gets to IAM. */
export const resetAtOnce: Treatment = ({ response }) => {
  response.socket?.resetAndDestroy()
}

/** IAM has done what was asked. */
export const resetInstead: Treatment = async ({ response, forward }) => {
  await forward()
  response.socket?.resetAndDestroy()
}

export const resetInside: Treatment = async exchange => {
  await sendHalf(exchange)
  exchange.response.socket?.resetAndDestroy()
}

export const closeInside: Treatment = async exchange => {
  await sendHalf(exchange)
  exchange.response.socket?.end()
}

export const stopInside: Treatment = async exchange => {
  await sendHalf(exchange)
}

/** Always a little more, as long as somebody listens. */
export const dripForever: Treatment = async ({ response, forward }) => {
  const { status, headers, body } = await forward()
  response.writeHead(status, withoutLength(headers))
  response.write(body.subarray(0, body.length / 2))
  while (!response.destroyed) {
    response.write(' ')
    await pause(10)
  }
}

/** As much as somebody takes. */
export const pourForever: Treatment = async ({ response, forward }) => {
  const { status, headers, body } = await forward()
  response.writeHead(status, withoutLength(headers))
  response.write(body.subarray(0, body.length / 2))
  const much = Buffer.alloc(65_536, ' ')
  while (!response.destroyed) {
    if (!response.write(much)) await drained(response)
  }
}

/** Whole by HTTP, and yet not by XML. */
export const cutXml: Treatment = async ({ response, forward }) => {
  const { status, headers, body } = await forward()
  response.writeHead(status, withoutLength(headers)).end(body.subarray(0, body.length / 2))
}

export const never: Treatment = () => {}

export function page(status: number): Treatment {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': 'text/html' }).end('<html><body>Sign in first.<br></body></html>')
  }
}

export function late(milliseconds: number): Treatment {
  return async exchange => {
    await pause(milliseconds)
    await pass(exchange)
  }
}

async function sendHalf({ response, forward }: Parameters<Treatment>[0]): Promise<void> {
  const { status, headers, body } = await forward()
  response.writeHead(status, { ...withoutLength(headers), 'content-length': body.length })
  await new Promise(sent => response.write(body.subarray(0, body.length / 2), sent))
}

function withoutLength({
  'content-length': _length,
  ...headers
}: Readonly<Record<string, string | string[] | undefined>>) {
  return headers
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const go = () => {
      response.off('drain', go).off('close', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
  })
}
