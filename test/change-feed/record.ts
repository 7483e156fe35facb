export type Json = Readonly<Record<string, unknown>>

/** An event as EventBridge puts it in a queue. Members given as undefined are left out. */
export function event(detail: unknown, envelope: Json = {}): string {
  return JSON.stringify({
    version: '0',
    id: '7bf73129-1428-4cd3-a780-95db273d1602',
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.iam',
    account: '123456789012',
    time: '2026-01-31T12:00:00Z',
    region: 'us-east-1',
    resources: [],
    detail,
    ...envelope,
  })
}

/** CloudTrail's record of an update, as IAM's certificates have it; whatever differs is given. */
export function record(members: Json = {}): Json {
  return {
    eventVersion: '1.11',
    userIdentity: {
      type: 'IAMUser',
      principalId: 'AIDAEXAMPLE',
      arn: 'arn:aws:iam::123456789012:user/ops',
      accountId: '123456789012',
      accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
      userName: 'ops',
    },
    eventTime: '2026-01-31T12:00:00Z',
    eventSource: 'iam.amazonaws.com',
    eventName: 'UpdateSigningCertificate',
    awsRegion: 'us-east-1',
    sourceIPAddress: '203.0.113.7',
    userAgent: 'aws-cli/2.15',
    requestParameters: { userName: 'alice', certificateId, status: 'Inactive' },
    responseElements: null,
    requestID: 'c79bb3a1-6de6-4bd6-9ef6-3f7b6f4cd5e4',
    eventID: '0d4fbb55-3a5f-4a3f-8f1e-6f4a4d0ab1f2',
    readOnly: false,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: '123456789012',
    eventCategory: 'Management',
    ...members,
  }
}

export const certificateId = 'TA7SMP42TDN5Z26OBPJE7EXAMPLE2345'
export const credentialId = 'ACCAEXAMPLE1234567890'
