import type { System } from './system.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeChars = 10
const chanceChars = 16

/** A fresh ULID: 48 bits of time, 80 of chance. */
export function ulid({ now, chance }: Pick<System, 'now' | 'chance'>): string {
  let time = Math.floor(now())
  let head = ''
  for (let index = 0; index < timeChars; index++) {
    head = alphabet.charAt(time % 32) + head
    time = Math.floor(time / 32)
  }
  let tail = ''
  for (let index = 0; index < chanceChars; index++) tail += alphabet.charAt(Math.floor(chance() * 32))
  return head + tail
}
