import { describe, expect, it } from 'vitest'
import { isAllowed, MAX_ALLOW_LENGTH, parseAllow } from '#core/permission'

describe('parseAllow', () => {
  it.each([
    ['GET /v1/tasks', 'GET /v1/tasks'],
    ['  post \t /v1/commands/order.*/tasks ', 'POST /v1/commands/order.*/tasks'],
    ['*', '* /*'],
    ['* /v1/*', '* /v1/*'],
    ['GET *', 'GET *'],
  ])('reads %j', (text, allow) => {
    expect(parseAllow(text)).toEqual({ ok: true, allow })
  })

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['GET', 'malformed'],
    ['GET v1/tasks', 'malformed'],
    ['GET /v1/tasks extra', 'malformed'],
    ['G3T /v1', 'malformed'],
    ['GET /v1/a?b=c', 'malformed'],
    ['GET /v1/ü', 'malformed'],
    ['GET /v1/a,b', 'malformed'],
    ['GET /v1/../tasks', 'malformed'],
    ['GET /v1/%2E%2e/tasks', 'malformed'],
    [`GET /${'a'.repeat(MAX_ALLOW_LENGTH)}`, 'too-long'],
  ])('refuses %j as %s', (text, reason) => {
    expect(parseAllow(text)).toMatchObject({ ok: false, reason, message: expect.stringMatching(/allow/) })
  })
})

describe('isAllowed', () => {
  it.each([
    [['* /*'], 'DELETE', '/v1/tasks/1', true],
    [[], 'GET', '/v1/tasks', false],
    [['GET /v1/tasks'], 'GET', '/v1/tasks', true],
    [['GET /v1/tasks'], 'POST', '/v1/tasks', false],
    [['GET /v1/tasks'], 'GET', '/v1/tasks/1', false],
    [['GET /v1/tasks'], 'GET', '/v1/task', false],
    [['POST /v1/commands/order.*/tasks'], 'POST', '/v1/commands/order.confirm/tasks', true],
    [['POST /v1/commands/order.*/tasks'], 'POST', '/v1/commands/orders/tasks', false],
    [['POST /v1/commands/order.*/tasks'], 'POST', '/v1/commands/order.a/tasks/batch', false],
    [['POST /v1/commands/order.*/tasks*'], 'POST', '/v1/commands/order.a/tasks/batch', true],
    [['GET /v1/a', 'GET /v1/b'], 'GET', '/v1/b', true],
    [['GET /*a*b*c'], 'GET', '/xxaxxabxbcxc', true],
    [['GET /*a*b*c'], 'GET', '/xxaxxabxbcxd', false],
    [['GET /v1/**'], 'GET', '/v1/', true],
    [['GET /v1/tasks*'], 'GET', '/v1/tasks', true],
    [['GET /v1.tasks'], 'GET', '/v1/tasks', false],
    [['POST /v1/worker-protocol/*'], 'POST', '/v1/worker-protocol/../tasks', false],
    [['POST /v1/worker-protocol/*'], 'POST', '/v1/worker-protocol/%2e%2E/tasks', false],
    [['POST /v1/worker-protocol/*'], 'POST', '/v1/worker-protocol/..\\tasks', false],
    [['POST /v1/worker-protocol/*'], 'POST', '/v1/worker-protocol/a..b', true],
  ])('%j and %s %s: %s', (allows, method, path, expected) => {
    expect(isAllowed(allows, method, path)).toBe(expected)
  })

  it('stays quick on a pattern made to be slow', () => {
    const startedAt = performance.now()
    expect(isAllowed([`GET /${'a*'.repeat(200)}b`], 'GET', `/${'a'.repeat(4_000)}`)).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(500)
  })
})
