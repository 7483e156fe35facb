import type { AwsError } from './error.ts'
import type { SigningScope } from './signature.ts'

/** One AWS API spoken in the Query protocol. Both are answered on one port and told apart by the call's Version. */
export interface Api extends SigningScope {
  readonly version: string
  readonly namespace: string
}

export const iam: Api = {
  version: '2010-05-08',
  namespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  service: 'iam',
  region: 'us-east-1',
}

export const sts: Api = {
  version: '2011-06-15',
  namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  service: 'sts',
  region: undefined,
}

/** A text for the eyes of the caller alone: the answer says it, CloudTrail's record of the call does not. */
export class Secret {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What an answer holds: undefined leaves the element out, a list becomes `<member>` elements. */
export type Content = string | number | boolean | Date | Secret | undefined | readonly Content[] | Members
export interface Members {
  readonly [element: string]: Content
}

export type Parameters = Readonly<Record<string, string>>

export function parseForm(body: Buffer): Parameters {
  return Object.fromEntries(new URLSearchParams(body.toString('utf8')))
}

/** Operations without output have no `…Result` element (IAM.md, Wire). */
export function renderAnswer(api: Api, action: string, result: Members | undefined, requestId: string): string {
  const output = result === undefined ? '' : element(`${action}Result`, result)
  const metadata = element('ResponseMetadata', { RequestId: requestId })
  return `<${action}Response xmlns="${api.namespace}">${output}${metadata}</${action}Response>\n`
}

export function renderError(api: Api, error: AwsError, requestId: string): string {
  const type = error.status >= 500 ? 'Receiver' : 'Sender'
  const content = element('Error', { Type: type, Code: error.code, Message: error.text })
  return `<ErrorResponse xmlns="${api.namespace}">${content}${element('RequestId', requestId)}</ErrorResponse>\n`
}

/** IAM's dates have no fraction of a second. */
export function formatDate(date: Date): string {
  return date.toISOString().replace(/\.\d+/, '')
}

function element(name: string, content: Content): string {
  return content === undefined ? '' : `<${name}>${render(content)}</${name}>`
}

function render(content: Exclude<Content, undefined>): string {
  if (typeof content === 'string') return escapeText(content)
  if (content instanceof Date) return formatDate(content)
  if (content instanceof Secret) return escapeText(content.text)
  if (typeof content !== 'object') return String(content)
  if (isList(content)) return content.map(member => element('member', member)).join('')
  return Object.entries(content)
    .map(([name, member]) => element(name, member))
    .join('')
}

/** Array.isArray does not narrow a readonly array away. */
export function isList(content: readonly Content[] | Members): content is readonly Content[] {
  return Array.isArray(content)
}

/**
 * A carriage return must be a reference, for a parser turns a bare one into a line feed (XML 1.0, 2.11), and certificates
 * come back byte for byte. What XML 1.0 (2.2) has no way to say at all becomes a replacement character.
 */
function escapeText(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"'\r]/g, character => references[character] ?? character)
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
}
