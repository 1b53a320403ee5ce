import { describe, expect, it } from 'vitest'
import { principalCharsMost, principalOf } from '#functions/api/principal'

const account = '111122223333'

describe('the principal of an IAM caller', () => {
  it.each([
    ['a role and its session', `arn:aws:sts::${account}:assumed-role/orders-service/i-0abc`, 'orders-service/i-0abc'],
    [
      'a person by single sign-on',
      `arn:aws:sts::${account}:assumed-role/AWSReservedSSO_Service_Desk_0123456789abcdef/ann@example.com`,
      'sso:Service_Desk/ann@example.com',
    ],
    ['a user', `arn:aws:iam::${account}:user/ann`, 'ann'],
    ['a user under a path', `arn:aws:iam::${account}:user/desk/night/ann`, 'ann'],
    ['the root of an account', `arn:aws:iam::${account}:root`, `root:${account}`],
    ['a federated user', `arn:aws:sts::${account}:federated-user/ann`, 'federated:ann'],
    ['another partition', `arn:aws-us-gov:sts::${account}:assumed-role/orders/s`, 'orders/s'],
  ])('%s', (_, arn, principal) => {
    expect(principalOf(arn)).toBe(principal)
  })

  it.each([
    ['none', undefined],
    ['null, as API Gateway has it', null],
    ['a text', 'ann'],
    ['a service', 'arn:aws:lambda:eu-west-1:111122223333:function:f'],
    ['no account', 'arn:aws:iam:::user/ann'],
    ['a nameless user', `arn:aws:iam::${account}:user/`],
  ])('is nobody for %s', (_, arn) => {
    expect(principalOf(arn)).toBeUndefined()
  })

  it('is bounded, whatever stands in the ARN', () => {
    const role = `arn:aws:sts::${account}:assumed-role/${'r'.repeat(64)}/${'s'.repeat(64)}`
    expect(principalOf(role)).toHaveLength(principalCharsMost)
    expect(principalOf(`${role}${'s'.repeat(500)}`)).toHaveLength(principalCharsMost)
  })
})
