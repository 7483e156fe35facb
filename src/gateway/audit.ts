import { type Audit, createAudit } from '../audit/audit.ts'
import type { GatewayOptions } from '../config.ts'
import type { Logger } from '../log.ts'

/** Undefined: nothing is written down, as where nobody is asked who he is and no flag says otherwise. */
export function startAudit({ auditLog, oidcIssuer }: GatewayOptions, log: Logger): Audit | undefined {
  const destination = auditLog ?? (oidcIssuer === undefined ? 'none' : 'stdout')
  return destination === 'none' ? undefined : createAudit({ destination, log })
}
