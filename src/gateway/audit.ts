import { type Audit, createAudit } from '../audit/audit.ts'
import { ConfigError, type GatewayOptions } from '../config.ts'
import type { Logger } from '../log.ts'

/**
 * Undefined: nothing is written down, as where nobody is asked who he is and no flag says otherwise. Throws ConfigError
 * where the file cannot be opened.
 */
export async function startAudit({ auditLog, oidcIssuer }: GatewayOptions, log: Logger): Promise<Audit | undefined> {
  const destination = auditLog ?? (oidcIssuer === undefined ? 'none' : 'stdout')
  if (destination === 'none') return undefined
  const audit = createAudit({ destination, log })
  try {
    await audit.open()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error'
    throw new ConfigError(`--audit-log: ${destination}: expected a file that can be written, got ${code}`)
  }
  return audit
}
