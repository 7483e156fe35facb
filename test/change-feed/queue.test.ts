import { expect, test } from 'vitest'
import { regionOf } from '../../src/change-feed/queue.ts'

test.each([
  ['sqs.us-east-1.amazonaws.com', 'us-east-1'],
  ['sqs.eu-central-2.amazonaws.com', 'eu-central-2'],
  ['sqs-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['sqs.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['sqs.ap-southeast-4.api.aws', 'ap-southeast-4'],
  ['vpce-0a1b-2c3d.sqs.us-west-2.vpce.amazonaws.com', 'us-west-2'],
  ['eu-west-1.queue.amazonaws.com', 'eu-west-1'],
  ['queue.amazonaws.com', 'us-east-1'],
  ['127.0.0.1', 'us-east-1'],
  ['sqs.eu-west-1.example.com', 'us-east-1'],
])('calls of a queue at %s are signed for %s', (host, region) => {
  expect(regionOf(host)).toBe(region)
})
