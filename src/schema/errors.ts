import {
  AccessDeniedError,
  ConcurrentModificationError,
  DuplicateCertificateError,
  EntityAlreadyExistsError,
  IamError,
  InvalidCertificateError,
  InvalidInputError,
  LimitExceededError,
  MalformedCertificateError,
  NoSuchEntityError,
  ServiceFailureError,
  ThrottlingError,
  ValidationError,
} from '../iam/errors.ts'
import { builder } from './builder.ts'

const IamErrorInterface = builder.interfaceRef<IamError>('IamError').implement({
  description:
    "What IAM, or the gateway before it, refused. `code` is IAM's wire code, such as NoSuchEntity, or one of the " +
    "gateway's own in capitals.",
  fields: t => ({
    code: t.exposeString('code', { description: "IAM's wire code, or one of the gateway's own in capitals." }),
    message: t.exposeString('message', { description: "IAM's own words; certificate bodies are cut from them." }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: "IAM's id of the request, as CloudTrail has it; null where IAM was not asked or did not answer.",
    }),
  }),
})

const refusal = (name: string, description: string) => ({ name, description, interfaces: [IamErrorInterface] })

builder.objectType(NoSuchEntityError, refusal('NoSuchEntityError', 'IAM knows no such user, or no such credential.'))
builder.objectType(LimitExceededError, refusal('LimitExceededError', 'An IAM quota: a user holds at most two.'))
builder.objectType(EntityAlreadyExistsError, refusal('EntityAlreadyExistsError', 'IAM has it already.'))
builder.objectType(
  MalformedCertificateError,
  refusal('MalformedCertificateError', 'Not a certificate in PEM, or an expired one.'),
)
builder.objectType(InvalidCertificateError, refusal('InvalidCertificateError', 'IAM does not accept the certificate.'))
builder.objectType(DuplicateCertificateError, refusal('DuplicateCertificateError', 'Another user has the certificate.'))
builder.objectType(
  ConcurrentModificationError,
  refusal('ConcurrentModificationError', 'Someone else changed it at the same moment: try again.'),
)
builder.objectType(InvalidInputError, refusal('InvalidInputError', 'A value that IAM does not take here.'))
builder.objectType(ServiceFailureError, refusal('ServiceFailureError', 'IAM failed: an error of its own.'))
builder.objectType(ValidationError, refusal('ValidationError', "The input breaks one of IAM's constraints."))
builder.objectType(
  AccessDeniedError,
  refusal('AccessDeniedError', 'No policy allows the identity in whose name IAM was asked to do this.'),
)
builder.objectType(ThrottlingError, refusal('ThrottlingError', 'IAM took no more calls: nothing was changed.'))
builder.objectType(
  IamError,
  refusal(
    'RequestFailedError',
    'Any other refusal, by its own code (ExpiredToken, MalformedInput, …); OUTCOME_UNKNOWN when IAM did not answer and ' +
      'the change may or may not have been made; IAM_UNREACHABLE when it could not be asked; PRIVATE_KEY_REFUSED, ' +
      'USER_NAME_REQUIRED and AUDIT_UNAVAILABLE when the gateway would not ask.',
  ),
)
