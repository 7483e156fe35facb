/** The sandbox IAM in a process of its own: `node sandbox.mjs <folder of the gateway> <options as JSON>`. */
import { pathToFileURL } from 'node:url'
import { answer, ready } from './probe.mjs'

const [folder, options] = process.argv.slice(2)
const { startSandbox } = await import(pathToFileURL(`${folder}/dist/sandbox/server.js`).href)
const sandbox = await startSandbox(JSON.parse(options))

answer('rate', change => sandbox.setRate(change))
answer('clear', () => sandbox.clearCalls())
answer('calls', () => {
  const byAction = {}
  for (const { action } of sandbox.calls) byAction[action] = (byAction[action] ?? 0) + 1
  const throttled = sandbox.calls.filter(({ code }) => code === 'Throttling').length
  return { all: sandbox.calls.length, throttled, byAction }
})

const { accessKeyId, secretAccessKey } = sandbox.credentials
ready({
  example: sandbox.example,
  environment: {
    AWS_ENDPOINT_URL_IAM: sandbox.url,
    AWS_ENDPOINT_URL_STS: sandbox.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  },
})
