import { Duplex } from 'node:stream'
import { lineReader } from '../agent/lines.ts'

export interface LineStream {
  /** The caller's end: what it writes is taken line by line, what is sent to it can be read. */
  readonly socket: Duplex
  readonly send: (line: string) => void
}

/** A connection whose other end is here: lines go through it as through a socket, in memory. */
export function createLineStream(take: (line: string) => void): LineStream {
  let isOver = false
  const over = () => {
    isOver = true
  }
  const reader = lineReader((line) => {
    if (!isOver) take(line)
  })
  const socket: Duplex = new Duplex({
    decodeStrings: false,
    read: () => undefined,
    write: (chunk: string | Buffer, _encoding, done) => {
      const fault = reader.push(chunk.toString()) === 'too-long' ? new Error('a line without end') : null
      done(fault)
    },
    final: (done) => {
      over()
      socket.push(null)
      done()
    },
    destroy: (error, done) => {
      over()
      done(error)
    },
  })
  return {
    socket,
    send: (line) => {
      if (!isOver) socket.push(`${line}\n`, 'utf8')
    },
  }
}
