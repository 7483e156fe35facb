import { createIamClient, type IamClient, type IamClientOptions } from '../../src/iam/client.ts'
import { answerOf, type StubAnswer, type StubCall, type StubIam, startStubIam } from '../stub-iam.ts'

export interface StubClient extends AsyncDisposable {
  readonly stub: StubIam
  readonly iam: IamClient
}

/** The gateway's client on a stub that answers so. */
export async function startStubClient(
  answer: (call: StubCall) => StubAnswer | Promise<StubAnswer>,
  options: IamClientOptions = {},
): Promise<StubClient> {
  const stub = await startStubIam(answer)
  const iam = createIamClient({ endpoint: stub.url, region: 'us-east-1', credentials, ...options })
  return {
    stub,
    iam,
    async [Symbol.asyncDispose]() {
      iam.destroy()
      await stub.close()
    },
  }
}

const credentials = { accessKeyId: 'AKIASTUBSTUBSTUBSTUB', secretAccessKey: 'secret' }

/** The answers one after the other; the last one for all that follow. */
export function inTurn(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  return ({ earlier }: StubCall): StubAnswer => answers[Math.min(earlier, answers.length - 1)] ?? answers[0]
}

/** What GetUser says of alice. */
export const user = answerOf(
  'GetUser',
  '<User><UserName>alice</UserName><UserId>AIDAALICE</UserId><Arn>arn:aws:iam::1:user/alice</Arn><Path>/</Path>' +
    '<CreateDate>2026-01-02T03:04:05Z</CreateDate></User>',
)
